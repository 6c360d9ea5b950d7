"""Penalties on representations or embeddings against their formulas in NumPy."""

import math

import numpy as np
import pytest
import torch
from tests.objectives.numeric import assert_twins

from graphssl.contracts import StepOutput
from graphssl.errors import ConfigError
from graphssl.regularizers import SSGE, CodingRate, Decorrelation, SIGReg, Sum, WERank

ROWS, WIDTH = 9, 4
PENALTIES = {
    "ssge": SSGE,
    "sigreg": SIGReg,
    "coding_rate": CodingRate,
    "decorrelation": Decorrelation,
}
every = pytest.mark.parametrize("kind", PENALTIES.values(), ids=PENALTIES)


def normal(rows=ROWS, width=WIDTH, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, width))


def standard(z):
    return (z - z.mean(0)) / np.sqrt(z.var(0, ddof=1) + 1e-12)


def ssge(z):
    singular = np.linalg.svd(standard(z), compute_uv=False) / np.sqrt(len(z) - 1)
    return np.sum((singular - 1) ** 2)


def decorrelation(z):
    a = standard(z)
    return np.linalg.norm(a.T @ a / len(a) - np.eye(a.shape[1]), "fro") ** 2


def coding_rate(z, epsilon=0.5):
    """By the eigenvalues of the other Gram matrix, (R, R)."""
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T)
    return -0.5 * np.sum(np.log1p(z.shape[1] / (len(z) * epsilon**2) * values.clip(0)))


def sigreg(z, step=3, directions=5):
    draw = torch.Generator().manual_seed(step)
    a = torch.randn(z.shape[1], directions, generator=draw, dtype=torch.float64).numpy()
    a = a / np.linalg.norm(a, axis=0)
    t = np.linspace(-3, 3, 33)
    total = 0.0
    for direction in a.T:
        phi = np.exp(1j * np.outer(z @ direction, t)).mean(0)
        apart = np.abs(phi - np.exp(-(t**2) / 2)) ** 2 * np.exp(-(t**2) / 2)
        total += len(z) * np.trapezoid(apart, t)
    return total / directions


TWINS = {
    "ssge": (SSGE(alpha=1.0), ssge),
    "decorrelation": (Decorrelation(alpha=1.0), decorrelation),
    "coding_rate": (CodingRate(alpha=1.0), coding_rate),
    "coding_rate, other distortion": (
        CodingRate(alpha=1.0, epsilon=0.1), lambda z: coding_rate(z, 0.1),
    ),
    "sigreg": (SIGReg(alpha=1.0, directions=5).at(3, 10), sigreg),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_value_and_gradient_are_the_formulas(name):
    penalty, twin = TWINS[name]
    assert_twins(penalty.value, twin, normal())


@every
def test_alpha_times_the_mean_over_the_chosen_outputs(kind):
    h, z = (tuple(torch.tensor(normal(seed=s)) for s in pair) for pair in ((1, 2), (3, 4)))
    output = StepOutput(torch.zeros(()), h, z)
    for where, views in (("representation", h), ("embedding", z)):
        penalty = kind(alpha=0.25, where=where)
        found = penalty({}, output)
        mean = (penalty.value(views[0]) + penalty.value(views[1])) / 2
        torch.testing.assert_close(found.total, 0.25 * mean)
        assert list(found.per_layer) == list(found.floors) == [where]
        torch.testing.assert_close(found.per_layer[where], mean)
        assert found.floor == pytest.approx(0.25 * found.floors[where])
        assert found.total >= found.floor


@every
def test_steps_against_it_raise_the_effective_rank(kind):
    from graphssl.diagnostics.rank import effective_rank
    from graphssl.diagnostics.spectrum import singular_spectra

    z = torch.tensor(normal(40, 1) @ normal(1, 6) + 0.05 * normal(40, 6), requires_grad=True)
    rank = effective_rank(singular_spectra(z.detach()).centred)
    penalty, optimizer = kind(alpha=1.0), torch.optim.Adam([z], lr=0.05)
    for step in range(60):
        optimizer.zero_grad()
        penalty.at(step, 60)({}, StepOutput(z.sum(), (z,))).total.backward()
        optimizer.step()
    assert effective_rank(singular_spectra(z.detach()).centred) > rank + 1


@every
def test_the_order_of_rows_does_not_count_and_a_collapsed_view_has_a_finite_gradient(kind):
    z = torch.tensor(normal())
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(kind().value(z[order]), kind().value(z))
    same = torch.ones(ROWS, WIDTH, dtype=torch.float64, requires_grad=True)
    kind()({}, StepOutput(same.sum(), (same,))).total.backward()
    assert same.grad.isfinite().all()


def test_optima_are_known():
    corners = torch.tensor([[a, b] for a in (-1.0, 1.0) for b in (-1.0, 1.0)]).double()
    assert SSGE(alpha=1.0).value(corners).item() == pytest.approx(0, abs=1e-9)
    axes = torch.eye(3).double().repeat(4, 1)
    penalty = CodingRate(alpha=2.0, epsilon=0.5)
    found = penalty({}, StepOutput(torch.zeros(()), (axes,)))
    assert found.total.item() == pytest.approx(found.floor)
    assert found.floor == pytest.approx(-2 * 1.5 * math.log(5))


def test_directions_are_those_of_the_step_and_move_no_stream():
    z = torch.tensor(normal())
    state = torch.get_rng_state()
    penalty = SIGReg(alpha=1.0, directions=3)
    first, again, second = (penalty.at(s, 9).value(z) for s in (4, 4, 5))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    (inside,) = Sum({"sigreg": penalty}).at(4, 9).terms.values()
    assert torch.equal(inside.value(z), first)


@every
def test_alpha_0_is_logged_without_autograd(kind):
    z = torch.tensor(normal(), requires_grad=True)
    found = kind(alpha=0.0)({}, StepOutput(z.sum(), (z,)))
    assert not found.total.requires_grad
    assert found.total.item() == 0
    assert found.per_layer["representation"] != 0


@every
def test_under_autocast_they_are_computed_in_float32(kind):
    z = torch.tensor(normal()).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = kind(alpha=1.0)({}, StepOutput(z.sum(), (z,)))
    torch.testing.assert_close(found.total, kind(alpha=1.0).value(z.float()))


@every
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1.0}, r"alpha must be .* at least 0, got -1\.0"),
        ({"alpha": math.inf}, "alpha must be a finite number"),
        ({"where": "predictor"}, "where must be one of representation, embedding, got 'predictor'"),
    ],
)
def test_bad_arguments_are_one_line(kind, options, message):
    with pytest.raises(ConfigError, match=message):
        kind(**options)


@every
def test_missing_embeddings_and_a_single_row_are_one_line(kind):
    z = torch.tensor(normal())
    with pytest.raises(ConfigError, match=r"where='embedding', but this objective returns no"):
        kind(where="embedding")({}, StepOutput(z.sum(), (z,)))
    with pytest.raises(ConfigError, match=r"needs at least two, got 1; use a larger graph"):
        kind()({}, StepOutput(z.sum(), (z[:1],)))


def test_further_arguments_out_of_range_are_one_line():
    for make, message in (
        (lambda: SIGReg(directions=0), "directions must be a whole number, 1 or more, got 0"),
        (lambda: SIGReg(knots=1), "knots must be a whole number, 2 or more, got 1"),
        (lambda: CodingRate(epsilon=0), "epsilon must be a finite number, above 0, got 0"),
    ):
        with pytest.raises(ConfigError, match=message):
            make()


def test_soft_orthogonality_has_the_gradient_of_the_papers_form():
    weight = torch.tensor(normal(5, 3), requires_grad=True)
    gradients = []
    for gram in ("smaller", "output"):
        penalty = WERank(alpha=1.0, norm="frobenius_squared", gram=gram)
        gradients.append(torch.autograd.grad(penalty.penalty([weight]).total, weight)[0])
    assert torch.equal(*gradients)
