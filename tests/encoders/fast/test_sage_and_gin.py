"""GraphSAGE and GIN through the masks against plain PyG on the graph with the edges removed."""

from functools import partial

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch_geometric.nn import GINConv, SAGEConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.fast import gin_propagation, node_order, sage_propagation
from graphssl.encoders.operators import MLPGINConv
from graphssl.graph import Graph

EXACT = {"rtol": 1e-9, "atol": 1e-9}
CONVS = {
    "mean": SAGEConv,
    "sum, unit length": partial(SAGEConv, aggr="sum", normalize=True),
    "add, no root, no bias": partial(SAGEConv, aggr="add", root_weight=False, bias=False),
    "gin": MLPGINConv,
    "gin, eps learned": partial(MLPGINConv, train_eps=True),
}


@st.composite
def cases(draw):
    """A directed multigraph with loops and isolated nodes, edges kept or not, a layer."""
    nodes = draw(st.integers(2, 8))
    node = st.integers(0, nodes - 1)
    edges = draw(st.lists(st.tuples(node, node, st.booleans()), max_size=40))
    return nodes, edges, draw(st.sampled_from(list(CONVS))), draw(st.booleans())


def views_of(nodes, edges, sparse=False):
    """Two views that hide edges and features, of a graph whose weights are not to be read."""
    x = torch.randn(nodes, 12, dtype=torch.float64)
    if sparse:  # one entry per node, in a dimension that both views show
        entry = torch.arange(nodes), torch.tensor([1, 2, 5, 7, 10, 11]).repeat(2)[:nodes]
        x = torch.zeros_like(x).index_put(entry, x[:, 0])
    ends = torch.tensor([edge[:2] for edge in edges], dtype=torch.long).view(-1, 2).t()
    graph = Graph(x, ends, torch.rand(len(edges), dtype=torch.float64))
    kept = torch.tensor([edge[2] for edge in edges], dtype=torch.bool)
    shown = torch.arange(12)
    return (
        graph.view().keep_edges(kept).keep_features(shown % 3 > 0),
        graph.view().keep_edges(~kept).keep_features(shown % 4 > 0),
    )


def with_gradient(encoder, outs):
    total = sum((out * torch.arange(out.numel()).cos().view_as(out)).sum() for out in outs)
    parameters = [p for p in encoder.parameters() if p.requires_grad]
    return [*(out.detach() for out in outs), *torch.autograd.grad(total, parameters)]


@settings(max_examples=80, deadline=None)
@given(cases())
@example((5, [], "mean", False))
@example((3, [(0, 1, True)] * 3 + [(0, 1, False), (1, 1, True), (1, 1, True)], "mean", True))
@example((3, [(0, 1, True)] * 3 + [(0, 1, False), (1, 1, True), (1, 1, True)], "gin", True))
def test_equal_to_plain_pyg(case):
    nodes, edges, conv, sparse = case
    torch.manual_seed(0)
    encoder = ConvStack(12, [6, 4], CONVS[conv], nn.Tanh).double()
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if name.endswith("eps"):
                parameter.fill_(0.3)
            elif name.endswith("nn.1.bias"):  # nodes alike lie in the kink of GIN's ReLU without
                parameter.fill_(0.5)
    views = views_of(nodes, edges, sparse)
    module = gin_propagation if conv.startswith("gin") else sage_propagation
    assert encoder._fast_path(views[0]) is module
    plain = with_gradient(encoder, [encoder(v.x, v.edge_index) for v in views])
    torch.testing.assert_close(with_gradient(encoder, encoder.encode_pair(*views)), plain, **EXACT)
    torch.testing.assert_close(
        with_gradient(encoder, [*map(encoder.encode_view, views)]), plain, **EXACT
    )


@pytest.mark.parametrize("conv", CONVS)
def test_equal_to_plain_pyg_with_the_nodes_renumbered(conv, monkeypatch):
    monkeypatch.setattr(node_order, "MIN_NODES", 0)
    monkeypatch.setattr(node_order, "MAX_DISTANCE", float("inf"))
    torch.manual_seed(0)
    edges = [(i, (3 * i + 1) % 9, i % 2 == 0) for i in range(9)]
    views = views_of(9, edges)
    assert node_order.renumbered(views[0])[1] is not None
    encoder = ConvStack(12, [6, 4], CONVS[conv], nn.Tanh).double()
    plain = with_gradient(encoder, [encoder(v.x, v.edge_index) for v in views])
    torch.testing.assert_close(with_gradient(encoder, encoder.encode_pair(*views)), plain, **EXACT)


def test_gin_moves_the_statistics_of_its_own_norm_as_pyg_does():
    torch.manual_seed(0)
    encoder = ConvStack(12, [6, 4], MLPGINConv, nn.Tanh).double()
    plain = ConvStack(12, [6, 4], MLPGINConv, nn.Tanh).double()
    plain.load_state_dict(encoder.state_dict())
    view, _ = views_of(5, [(0, 1, True), (2, 3, False), (1, 4, True)])
    encoder.encode_view(view)
    plain(view.x, view.edge_index)
    for name, buffer in encoder.named_buffers():
        torch.testing.assert_close(buffer, dict(plain.named_buffers())[name], **EXACT)


class OwnSAGE(SAGEConv):
    """Could compute anything."""


@pytest.mark.parametrize(
    "conv",
    [
        OwnSAGE(4, 2), SAGEConv((4, 4), 2), SAGEConv(4, 2, aggr="max"),
        SAGEConv(4, 2, aggr=["mean", "max"]), SAGEConv(4, 2, project=True),
        SAGEConv(4, 2, flow="target_to_source"), GINConv(nn.Linear(4, 2)),
    ],
    ids=repr,
)  # fmt: skip
def test_a_layer_with_other_mathematics_stays_with_pyg(conv):
    assert not sage_propagation.supports_conv(conv)
    assert not gin_propagation.supports_conv(conv)


@pytest.mark.parametrize(("conv", "fast"), [(SAGEConv, sage_propagation), (MLPGINConv, None)])
def test_standardised_weights(conv, fast):
    torch.manual_seed(0)
    encoder = ConvStack(12, [6, 4], conv, nn.Tanh, weight_standardization=True).double()
    view, _ = views_of(5, [(0, 1, True), (2, 3, False), (1, 4, True)])
    assert encoder._fast_path(view) is fast
    plain = with_gradient(encoder, [encoder(view.x, view.edge_index)])
    torch.testing.assert_close(with_gradient(encoder, [encoder.encode_view(view)]), plain, **EXACT)


def test_features_that_want_a_gradient_stay_with_pyg(graph):
    wanting = Graph(graph.x.requires_grad_(), graph.edge_index)
    assert not sage_propagation.supports_graph(wanting)
    assert not gin_propagation.supports_graph(wanting)


@pytest.mark.parametrize("conv", ["mean", "gin"])
def test_close_to_plain_pyg_in_bfloat16(conv, graph):
    torch.manual_seed(0)
    encoder = ConvStack(20, [8, 4], CONVS[conv], nn.PReLU)
    view = graph.view().keep_edges(torch.rand(graph.num_edges) > 0.3)
    with torch.autocast("cpu", torch.bfloat16):
        ours, plain = encoder.encode_view(view), encoder(view.x, view.edge_index)
    torch.testing.assert_close(ours, plain, rtol=0.05, atol=0.05, check_dtype=False)
