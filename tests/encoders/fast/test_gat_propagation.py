"""GAT through the masks against plain PyG on the graph with the edges removed."""

from functools import partial

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch_geometric.nn import GATConv, GATv2Conv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.fast import gat_propagation
from graphssl.graph import Graph

EXACT = {"rtol": 1e-10, "atol": 1e-10}


@st.composite
def cases(draw):
    """A directed multigraph with loops and isolated nodes, a mask, and options of the layer."""
    nodes = draw(st.integers(1, 8))
    node = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, st.booleans()), max_size=40))
    options = {
        "heads": draw(st.integers(1, 3)),
        "concat": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "add_self_loops": draw(st.booleans()),
        "negative_slope": draw(st.sampled_from([0.2, 0.0, -0.3, 1.5])),
    }
    return nodes, edges, options, draw(st.booleans())


def stack(**options):
    return ConvStack(3, [6, 6], partial(GATConv, **options), nn.Tanh).double()


def both(encoder, view):
    """Output and whole gradient, through the masks and in plain PyG."""
    parameters = list(encoder.parameters())
    for out in (encoder.encode_view(view), encoder(view.x, view.edge_index)):
        towards = torch.arange(out.numel(), dtype=out.dtype).cos().view_as(out)
        yield [out.detach(), *torch.autograd.grad(out, parameters, towards)]


@settings(max_examples=60, deadline=None)
@given(cases())
@example((3, [], {"heads": 2}, True))
@example((1, [(0, 0, True)] * 4, {"add_self_loops": False}, False))  # more edges than pairs
@example((2, [(0, 1, False), (1, 1, True)], {"heads": 2, "add_self_loops": False}, True))
def test_equal_to_plain_pyg(case):
    nodes, edges, options, masked = case
    torch.manual_seed(0)
    encoder = stack(**options)
    ends = torch.tensor([edge[:2] for edge in edges], dtype=torch.long).view(-1, 2).t()
    graph = Graph(torch.randn(nodes, 3, dtype=torch.float64), ends)
    fast = len(edges) + nodes <= nodes**2
    assert encoder._fast_path(graph.view()) is (gat_propagation if fast else None)
    view = graph.view()
    if masked:
        view = view.keep_edges(torch.tensor([edge[2] for edge in edges], dtype=torch.bool))
        view = view.keep_features(torch.tensor([True, False, True]))
    ours, plain = both(encoder, view)
    torch.testing.assert_close(ours, plain, **EXACT)


def test_a_hidden_edge_with_by_far_the_largest_logit_leaves_no_trace():
    graph = Graph(torch.tensor([[1.0], [-1.0], [0.5]]), torch.tensor([[0, 1], [2, 2]]))
    encoder = ConvStack(1, [2], GATConv, nn.Identity)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.fill_(1000.0)
    ours, plain = both(encoder, graph.view().keep_edges(torch.tensor([False, True])))
    torch.testing.assert_close(ours, plain)
    assert ours[0].isfinite().all()


def test_the_gradient_of_the_attention_is_that_of_its_values(graph):
    view = graph.view().keep_edges(torch.rand(graph.num_edges) > 0.3)
    entries = gat_propagation._entries(view, True)
    inputs = [
        torch.randn(graph.num_nodes, *size, dtype=torch.float64, requires_grad=True)
        for size in ((3,), (), ())
    ]

    def attention(*tensors):
        return gat_propagation.Attention.apply(*tensors, entries, 0.2)

    assert torch.autograd.gradcheck(attention, inputs)
    grads = torch.autograd.grad(attention(*inputs).square().sum(), inputs, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grads[0].sum().backward()


def test_edge_weights_are_not_read(graph):
    encoder = ConvStack(20, [8], partial(GATConv, heads=2), nn.PReLU)
    weighted = Graph(graph.x, graph.edge_index, torch.rand(graph.num_edges))
    assert torch.equal(encoder.encode_view(weighted.view()), encoder.encode_view(graph.view()))


def test_close_to_plain_pyg_in_bfloat16(graph):
    encoder = ConvStack(20, [8, 4], partial(GATConv, heads=2), nn.PReLU)
    view = graph.view().keep_edges(torch.rand(graph.num_edges) > 0.3)
    with torch.autocast("cpu", torch.bfloat16):
        ours, plain = both(encoder, view)
    torch.testing.assert_close(ours, plain, rtol=0.05, atol=0.05, check_dtype=False)


class OwnGAT(GATConv):
    """Could compute anything."""


@pytest.mark.parametrize(
    "conv",
    [
        OwnGAT(4, 2), GATv2Conv(4, 2), GATConv((4, 4), 2), GATConv(4, 2, edge_dim=1),
        GATConv(4, 2, dropout=0.1), GATConv(4, 2, residual=True), GATConv(4, 2, aggr="mean"),
        GATConv(4, 2, aggr=["add", "max"]), GATConv(4, 2, flow="target_to_source"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_layer_with_other_mathematics_stays_with_pyg(conv):
    assert not gat_propagation.supports_conv(conv)


def test_a_layer_left_to_pyg_gets_its_edges_removed(graph):
    encoder = ConvStack(20, [8, 4], partial(GATConv, heads=2, residual=True), nn.PReLU).double()
    assert encoder._fast_path(graph.view()) is None
    double = graph.to("cpu", torch.float64)
    ours, plain = both(encoder, double.view().keep_edges(torch.rand(graph.num_edges) > 0.3))
    torch.testing.assert_close(ours, plain, **EXACT)


def test_features_that_want_a_gradient_stay_with_pyg(graph):
    assert not gat_propagation.supports_graph(Graph(graph.x.requires_grad_(), graph.edge_index))
