"""The regularizers WERank is compared with, and the sum of several."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from graphssl.contracts import StepOutput
from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import ConfigError
from graphssl.regularizers.double_soft import DoubleSoft
from graphssl.regularizers.none import NoRegularizer
from graphssl.regularizers.srip import SRIP, srip_penalty
from graphssl.regularizers.sum import Sum
from graphssl.regularizers.variance_covariance import (
    VarianceCovariance,
    covariance_term,
    variance_term,
)
from graphssl.regularizers.werank import WERank

GENERATOR = torch.Generator().manual_seed(0)
Z = 0.8 * torch.randn(50, 6, generator=GENERATOR, dtype=torch.float64) + 3.0
WEIGHTS = {
    "wide": torch.randn(4, 9, generator=GENERATOR, dtype=torch.float64) / 3,
    "tall": torch.randn(9, 4, generator=GENERATOR, dtype=torch.float64) / 3,
}
OUTPUT = StepOutput(torch.zeros((), dtype=torch.float64), (Z, 2 * Z))


def test_variance_and_covariance_against_numpy():
    z = Z.numpy()
    std = np.sqrt(z.var(axis=0, ddof=1) + 1e-4)
    assert variance_term(Z).item() == pytest.approx(np.maximum(0, 1 - std).mean(), rel=1e-12)
    covariance = np.cov(z, rowvar=False)
    off_diagonal = covariance - np.diag(np.diag(covariance))
    assert covariance_term(Z).item() == pytest.approx((off_diagonal**2).sum() / 6, rel=1e-12)


def test_variance_covariance_sums_over_the_views_and_has_gradients():
    z = Z.clone().requires_grad_()
    penalty = VarianceCovariance(2.0, 0.5)({}, StepOutput(OUTPUT.loss, (z, 2 * z)))
    variance = variance_term(Z) + variance_term(2 * Z)
    covariance = covariance_term(Z) + covariance_term(2 * Z)
    torch.testing.assert_close(penalty.total.detach(), 2.0 * variance + 0.5 * covariance)
    assert penalty.per_layer == {"variance": variance, "covariance": covariance}
    assert torch.autograd.gradcheck(lambda x: variance_term(x) + covariance_term(x), z)


def test_a_collapsed_representation_pays_the_whole_variance_term_with_finite_gradient():
    z = torch.ones(10, 3, dtype=torch.float64, requires_grad=True)
    penalty = VarianceCovariance()({}, StepOutput(OUTPUT.loss, (z,)))
    assert penalty.per_layer["variance"].item() == pytest.approx(1 - 1e-2)
    penalty.total.backward()
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("name", WEIGHTS)
def test_srip_against_the_spectrum(name):
    weight = WEIGHTS[name].clone().requires_grad_()
    eigenvalues = np.linalg.svd(WEIGHTS[name].numpy(), compute_uv=False) ** 2
    exact = np.abs(eigenvalues - 1).max()
    assert srip_penalty(weight, 500).item() == pytest.approx(exact, rel=1e-9)
    assert srip_penalty(weight, 2).item() <= exact
    (ours,) = torch.autograd.grad(srip_penalty(weight, 500), weight)
    singular = torch.linalg.svdvals(weight)
    (autograd,) = torch.autograd.grad((singular.square() - 1).abs().max(), weight)
    torch.testing.assert_close(ours, autograd, rtol=1e-6, atol=1e-8)


def test_srip_is_zero_with_zero_gradient_at_orthonormality():
    weight = torch.eye(3, 5).requires_grad_()
    penalty = srip_penalty(weight)
    penalty.backward()
    assert penalty.item() == 0.0
    assert torch.equal(weight.grad, torch.zeros(3, 5))


@pytest.mark.parametrize("kind", [SRIP, DoubleSoft])
def test_each_pulls_a_network_to_its_floor(kind):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 9), nn.Linear(9, 4))
    penalty, optimizer = kind(alpha=1.0), torch.optim.SGD(model.parameters(), lr=0.01)
    floor = penalty.penalty(model).floor
    start = penalty.penalty(model).total.item()
    for _ in range(300):
        optimizer.zero_grad()
        penalty.penalty(model).total.backward()
        optimizer.step()
    assert penalty.penalty(model).total.item() - floor < 0.1 * (start - floor)


def test_none_adds_an_exact_zero():
    none = NoRegularizer()
    assert none(WEIGHTS, OUTPUT).total.item() == 0.0
    assert none(WEIGHTS, OUTPUT).per_layer == {}
    assert none.at(3, 10) is none
    assert none(WEIGHTS, OUTPUT).floors == {}


def test_sum_is_the_sum_of_its_terms():
    terms = {"werank": WERank(alpha=0.1, schedule="warmup"), "vc": VarianceCovariance()}
    both = Sum(terms)
    got = both.at(5, 10)(WEIGHTS, OUTPUT)
    parts = [term.at(5, 10)(WEIGHTS, OUTPUT) for term in terms.values()]
    torch.testing.assert_close(got.total, parts[0].total + parts[1].total)
    assert list(got.per_layer) == ["werank.wide", "werank.tall", "vc.variance", "vc.covariance"]
    assert got.floors == {"werank.wide": 0.0, "werank.tall": 5**0.5}
    assert got.floor == pytest.approx(0.5 * 0.1 * 5**0.5)


def test_sum_passes_on_the_decoupled_step():
    model = nn.Linear(6, 4)
    twin = nn.Linear(6, 4)
    twin.load_state_dict(model.state_dict())
    decoupled = WERank(apply="decoupled")
    Sum({"none": NoRegularizer(), "werank": decoupled}).decoupled_step(layer_weights(model), lr=0.1)
    decoupled.decoupled_step(twin, lr=0.1)
    assert torch.equal(model.weight, twin.weight)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: VarianceCovariance(alpha_variance=-1.0), "alpha_variance .* got -1.0"),
        (lambda: VarianceCovariance(alpha_covariance=float("inf")), "alpha_covariance .* got inf"),
        (lambda: VarianceCovariance(gamma=0.0), "gamma .* got 0.0"),
        (lambda: SRIP(iterations=0), "iterations .* got 0"),
        (lambda: SRIP(alpha=-1.0), "alpha .* got -1.0"),
        (lambda: DoubleSoft(alpha=float("nan")), "alpha .* got nan"),
        (lambda: Sum({}), r"terms .* got \{\}"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
