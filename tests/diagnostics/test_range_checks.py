"""What float32 cannot compute with is refused, and named; what it can passes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch_geometric.nn import GCNConv

from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.diagnostics.range_checks import check_outputs, check_start
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.prelu import PReLU
from graphssl.errors import NotFiniteError
from graphssl.objectives.floors import Raw, Untrained


def untrained(graph, norm=nn.Identity):
    torch.manual_seed(0)
    return Untrained(ConvStack(graph.num_features, [16, 8], GCNConv, PReLU, norm))


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("make", [untrained, lambda g: Raw(nn.Identity(), g.num_features)])
def test_what_fits_passes(graph, make, scale):
    check_start(make(graph), replace(graph, x=graph.x * scale), trained=False)


@pytest.mark.parametrize("scale", [1e-40, 1e-30, 1e16, 1e18, 1e37])
def test_features_out_of_range(graph, scale):
    with pytest.raises(NotFiniteError, match="squares of the features"):
        check_start(untrained(graph), replace(graph, x=graph.x * scale), trained=False)


@pytest.mark.parametrize("weight", [1e-30, 1e30])
def test_edge_weights_out_of_range(graph, weight):
    weighted = replace(graph, edge_weight=torch.full((graph.num_edges,), weight))
    with pytest.raises(NotFiniteError, match="squares of the edge weights"):
        check_start(untrained(graph), weighted, trained=False)


def test_small_features_are_no_training_data(graph):
    small = replace(graph, x=graph.x * 1e-6)
    check_start(untrained(graph), small, trained=False)
    with pytest.raises(NotFiniteError, match="too small to train on"):
        check_start(untrained(graph), small, trained=True)


def test_a_representation_too_short_for_the_loss(graph):
    network = untrained(graph)
    with torch.no_grad():
        network.encoder.convs[1].lin.weight.mul_(1e-12)
    with pytest.raises(NotFiniteError, match="shorter than 1e-08"):
        check_start(network, graph, trained=True)


@pytest.mark.parametrize("norm", [nn.Identity, nn.BatchNorm1d])
def test_a_constant_representation_is_an_error_before_training_and_a_finding_after(graph, norm):
    same = replace(graph, x=graph.x[:1].expand_as(graph.x), edge_index=graph.edge_index[:, :0])
    network = untrained(same, norm)
    with pytest.raises(NotFiniteError, match=r"encoder\.convs\.0 is the same for every node"):
        check_start(network, same, trained=False)
    found = collapse_diagnostics(network, same.view()).values
    assert found["representation/numerical_rank_centred"] == 0.0


def test_rounding_in_front_of_a_norm_is_no_variance(graph):
    noise = 1.0 + 1e-7 * torch.randn(graph.x.shape, generator=torch.Generator().manual_seed(0))
    with pytest.raises(NotFiniteError, match="is the same for every node"):
        check_start(
            untrained(graph, nn.BatchNorm1d),
            replace(graph, x=noise, edge_index=graph.edge_index[:, :0]),
            trained=False,
        )


def test_a_look_refuses_a_variance_that_overflowed(graph):
    network = untrained(graph, nn.BatchNorm1d)
    network.encoder.norms[1].running_var.fill_(torch.inf)
    with pytest.raises(NotFiniteError, match=r"encoder\.norms\.1\.running_var has NaN or inf"):
        collapse_diagnostics(network, graph.view())


def test_a_look_refuses_outputs_whose_squares_overflow(graph):
    network = untrained(graph, nn.LayerNorm)  # makes rows of zeros of them
    with torch.no_grad():
        network.encoder.convs[0].lin.weight.mul_(1e20)
    with pytest.raises(NotFiniteError, match=r"encoder\.convs\.0 reaches .*e\+\d+; above 1e\+15"):
        collapse_diagnostics(network, graph.view())


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_the_place_that_is_not_finite_is_named(value):
    with pytest.raises(NotFiniteError, match="here has NaN or infinite values"):
        check_outputs({"there": torch.ones(3, 2), "here": torch.tensor([[1.0, value]])})
