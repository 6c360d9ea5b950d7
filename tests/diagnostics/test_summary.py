"""The two summaries: complete, finite, ready for JSON, and right about collapse."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from graphssl.diagnostics.rank import rankme
from graphssl.diagnostics.summary import representation_diagnostics, weight_diagnostics
from graphssl.encoders.layer_weights import layer_weights

SPECTRAL = [
    "numerical_rank",
    "rankme",
    "effective_rank",
    "participation_ratio",
    "power_law_exponent",
    "condition_number",
    "spread",
]


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_a_healthy_representation():
    z = normal(400, 16)
    got = representation_diagnostics(z)
    expected = {f"{name}_{kind}" for name in SPECTRAL for kind in ("centred", "uncentred")}
    others = {"mean_pair_cosine", "std_mean", "std_min", "uniformity", "few_nodes"}
    assert set(got.values) == expected | others
    assert json.loads(json.dumps(got.values, allow_nan=False)) == got.values
    assert set(got.arrays) == {"centred", "uncentred", "std"}
    svd = np.linalg.svd(z.double().numpy(), compute_uv=False)
    assert got.values["rankme_uncentred"] == pytest.approx(rankme(svd), rel=1e-9)
    assert got.values["numerical_rank_centred"] == 16
    assert got.values["few_nodes"] == 0.0


def test_identity_and_rank_one():
    assert representation_diagnostics(torch.eye(8)).values["effective_rank_uncentred"] == (
        pytest.approx(8.0)
    )
    one = representation_diagnostics(torch.outer(normal(30), normal(8))).values
    assert one["numerical_rank_uncentred"] == 1.0
    assert one["effective_rank_uncentred"] == pytest.approx(1.0, abs=1e-4)


def test_rows_that_point_one_way_look_healthy_centred_only():
    values = representation_diagnostics(normal(400, 16) + 100.0).values
    assert values["rankme_centred"] > 15
    assert values["rankme_uncentred"] < 2
    assert values["mean_pair_cosine"] > 0.99


@pytest.mark.parametrize(("rows", "flag"), [(15, 1.0), (16, 1.0), (17, 0.0)])
def test_few_nodes_are_flagged(rows, flag):
    assert representation_diagnostics(normal(rows, 16)).values["few_nodes"] == flag


@pytest.mark.parametrize("z", [torch.zeros(20, 4), torch.ones(20, 4), torch.ones(1, 4)])
def test_complete_collapse_has_finite_values(z):
    values = representation_diagnostics(z).values
    json.dumps(values, allow_nan=False)
    assert values["numerical_rank_centred"] == 0.0
    assert values["numerical_rank_uncentred"] <= 1.0
    assert "condition_number_centred" not in values


def test_it_leaves_the_graph_of_autograd_and_the_random_stream_alone():
    z = normal(2000, 8).requires_grad_()
    state = torch.random.get_rng_state()
    representation_diagnostics(z)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert z.grad is None


def test_weights_of_a_network():
    torch.manual_seed(0)
    network = nn.ModuleDict({"encoder": nn.Sequential(nn.Linear(9, 6), nn.Linear(6, 4))})
    got = weight_diagnostics(layer_weights(network))
    layer = {"largest", "smallest", "spread", "effective_rank", "distance_to_orthonormal"}
    assert set(got.values) == {
        *(f"encoder.{i}/{name}" for i in (0, 1) for name in layer),
        "encoder.*/product_effective_rank",
        "encoder.*/product_spread",
        "encoder.0/alignment_to_next",
    }
    json.dumps(got.values, allow_nan=False)
    svd = torch.linalg.svdvals(network["encoder"][0].weight.detach().double())
    np.testing.assert_allclose(got.arrays["encoder.0"], svd, rtol=1e-6)
    assert got.values["encoder.0/spread"] == pytest.approx((svd[-1] / svd[0]).item(), rel=1e-6)
    assert got.arrays["encoder.*/product"].shape == (4,)
