"""Renumbered nodes: what an encoder gives does not change, and where it is done."""

from functools import partial

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch_geometric.nn import GATConv, GCNConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.fast import node_order
from graphssl.encoders.fast.node_order import renumbered
from graphssl.graph import Graph


@st.composite
def graphs(draw):
    """A directed multigraph with loops and isolated nodes: (nodes, edges)."""
    nodes = draw(st.integers(2, 8))
    node = st.integers(0, nodes - 1)
    return nodes, draw(st.lists(st.tuples(node, node, st.floats(0.1, 3.0)), max_size=20))


def band(nodes, reach=4):
    """Every node linked to the next ``reach``, both ways, under shuffled numbers."""
    start = torch.arange(nodes).repeat(reach)
    end = (start + torch.arange(1, reach + 1).repeat_interleave(nodes)) % nodes
    ends = torch.stack([torch.cat([start, end]), torch.cat([end, start])])
    return torch.randperm(nodes, generator=torch.Generator().manual_seed(0))[ends]


@settings(max_examples=60, deadline=None)
@given(graphs(), st.sampled_from([GCNConv, partial(GATConv, heads=2)]))
@example((5, []), GCNConv)
def test_an_encoder_gives_the_same_on_any_graph(case, conv):
    nodes, edges = case
    torch.manual_seed(0)
    ends = torch.tensor([edge[:2] for edge in edges], dtype=torch.long).view(-1, 2).t()
    weight = torch.tensor([edge[2] for edge in edges], dtype=torch.float64)
    graph = Graph(torch.randn(nodes, 3, dtype=torch.float64), ends, weight)
    encoder = ConvStack(3, [6, 4], conv, nn.Tanh, nn.BatchNorm1d).double()
    view1 = graph.view().keep_edges(torch.arange(len(edges)) % 3 > 0)
    view2 = graph.view().keep_features(torch.tensor([True, False, True]))
    parameters = list(encoder.parameters())

    def with_gradient(outs):
        total = sum(out.mul(torch.arange(out.numel()).cos().view_as(out)).sum() for out in outs)
        return [*(out.detach() for out in outs), *torch.autograd.grad(total, parameters)]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(node_order, "MIN_NODES", 0)
        patched.setattr(node_order, "MAX_DISTANCE", float("inf"))
        assert renumbered(view1)[1] is not None
        seen = with_gradient([*encoder.encode_pair(view1, view2), encoder.encode_view(view1)])
    plain = [encoder(v.x, v.edge_index, v.edge_weight) for v in (view1, view2, view1)]
    torch.testing.assert_close(seen, with_gradient(plain), rtol=1e-9, atol=1e-9)


def test_neighbours_are_brought_together_and_masks_still_fit():
    nodes = node_order.MIN_NODES
    graph = Graph(torch.arange(nodes).float()[:, None] + 1, band(nodes))
    feature_mask, edge_mask = torch.tensor([True]), torch.arange(graph.num_edges) % 2 == 0
    view, number = renumbered(graph.view().keep_features(feature_mask).keep_edges(edge_mask))
    source, target = view.graph.edge_index
    assert (source - target).abs().float().mean() < nodes / 100
    assert torch.equal(view.graph.x[number], graph.x)
    assert torch.equal(view.graph.edge_index, number[graph.edge_index])
    assert view.feature_mask is feature_mask
    assert view.edge_mask is edge_mask


@pytest.mark.parametrize("case", ["few nodes", "no order to be found", "sparse features"])
def test_left_as_it_is_where_it_does_not_pay(case):
    nodes = node_order.MIN_NODES - (case == "few nodes")
    x, edge_index = torch.ones(nodes, 20), band(nodes)
    if case == "sparse features":
        x[:, 1:] = 0
    if case == "no order to be found":
        edge_index = torch.randint(nodes, (2, 10 * nodes), generator=torch.Generator())
    view = Graph(x, edge_index).view()
    assert renumbered(view) == (view, None)
