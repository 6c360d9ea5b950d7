"""GCN through the masks against plain PyG on the graph with edges removed and columns at zero."""

from functools import partial

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch_geometric.nn import GCNConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.fast import gcn_propagation, shapes
from graphssl.graph import Graph

EXACT = {"rtol": 1e-10, "atol": 1e-10}


@st.composite
def graphs(draw):
    """A directed multigraph with loops and isolated nodes: (nodes, features, edges, options)."""
    nodes, features = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    node = st.integers(0, nodes - 1)
    edge = st.tuples(node, node, st.booleans(), st.floats(0.1, 3.0))  # from, to, kept, weight
    options = {"weighted": draw(st.booleans()), "sparse": draw(st.booleans())}
    return nodes, features, draw(st.lists(edge, max_size=40)), options


def several_loops(edges):
    loops = [a for a, b, *_ in edges if a == b]
    return len(loops) > len(set(loops))


@settings(max_examples=100, deadline=None)
@given(graphs())
@example((5, 3, [], {}))  # zero edges
@example((5, 3, [(0, 1, True, 1.0)], {}))  # directed, isolated nodes
@example((3, 1, [(0, 1, True, 1.0), (1, 0, True, 1.0)], {}))  # a single feature
@example((3, 2, [(0, 1, True, 1.0)] * 3 + [(0, 1, False, 1.0)], {}))  # duplicates
@example((3, 2, [(0, 1, True, 2.0), (1, 0, True, 0.5), (0, 1, True, 1.0)], {"weighted": True}))
@example((3, 2, [(0, 0, True, 2.0), (1, 1, False, 0.5), (0, 1, True, 1.0)], {"weighted": True}))
@example((2, 2, [(0, 0, False, 2.0), (0, 0, True, 0.5), (0, 0, True, 1.0)], {}))  # falls back
@example((6, 4, [(0, 1, True, 1.0), (2, 1, False, 1.0)], {"sparse": True}))
def test_equal_to_plain_pyg(case):
    nodes, features, edges, options = case
    torch.manual_seed(0)
    x = torch.randn(nodes, features, dtype=torch.float64)
    if options.get("sparse"):  # one entry set: few enough for the sparse product from 10 entries on
        x = torch.zeros_like(x).index_put((torch.tensor(0), torch.tensor(0)), x[0, 0])
    index = torch.tensor([edge[:2] for edge in edges], dtype=torch.long).view(-1, 2).t()
    weight = torch.tensor([edge[3] for edge in edges], dtype=torch.float64)
    graph = Graph(x, index, weight if options.get("weighted") else None)
    encoder = ConvStack(features, [6, 5], GCNConv, nn.Tanh).double()
    fast = gcn_propagation if not several_loops(edges) else None
    assert encoder._fast_path(graph.view()) is fast

    kept = torch.tensor([edge[2] for edge in edges], dtype=torch.bool)
    shown = torch.arange(features) != 1
    masked = graph.view().keep_edges(kept).keep_features(shown)
    for view, left_out in ((graph.view(), True), (masked, True), (masked, False)):
        with pytest.MonkeyPatch.context() as patched:  # hidden edges left out, or times zero
            patched.setattr(shapes, "may_follow_masks", lambda graph, yes=left_out: yes)
            seen, expected = both(encoder, view)
        for one, other in zip(seen, expected, strict=True):
            torch.testing.assert_close(one, other, **EXACT)


def both(encoder, view):
    """Output and whole gradient, through the masks and in plain PyG."""
    parameters = list(encoder.parameters())
    plain = encoder(view.x, view.edge_index, view.edge_weight)
    for out in (encoder.encode_view(view), plain):
        towards = torch.arange(out.numel(), dtype=out.dtype).cos().view_as(out)
        yield [out.detach(), *torch.autograd.grad(out, parameters, towards)]


@pytest.mark.parametrize(
    "options",
    [{"normalize": False}, {"add_self_loops": False}, {"improved": True}, {"aggr": "max"},
     {"flow": "target_to_source"}],
)  # fmt: skip
def test_a_layer_of_other_mathematics_falls_back(options):
    encoder = ConvStack(3, [6, 5], partial(GCNConv, **options), nn.Tanh).double()
    edges = torch.tensor([[0, 1, 2, 0], [1, 2, 3, 2]])
    graph = Graph(torch.randn(4, 3, dtype=torch.float64), edges)
    assert encoder._fast_path(graph.view()) is None
    view = graph.view().keep_edges(torch.tensor([True, False, True, True]))
    seen, expected = both(encoder, view)
    for one, other in zip(seen, expected, strict=True):
        torch.testing.assert_close(one, other, **EXACT)


@pytest.mark.parametrize("tensor", ["x", "edge_weight"])
def test_what_is_not_constant_falls_back_and_gets_its_gradient(tensor):
    graph = Graph(torch.randn(4, 3), torch.tensor([[0, 1, 2], [1, 2, 3]]), torch.ones(3))
    moving = getattr(graph, tensor).requires_grad_()
    encoder = ConvStack(3, [6, 5], GCNConv, nn.Tanh)
    assert encoder._fast_path(graph.view()) is None
    encoder.encode_view(graph.view()).square().sum().backward()
    assert moving.grad.abs().sum() > 0
