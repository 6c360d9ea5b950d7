from functools import partial

import pytest
import torch
from torch import nn
from torch_geometric.nn import APPNP, GATConv, GatedGraphConv, GCN2Conv, GCNConv, GINConv, SAGEConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.encoding import encode, encode_pair
from graphssl.encoders.gps import GPS
from graphssl.encoders.pyg_models import pyg_model
from graphssl.errors import ConfigError
from graphssl.graph import Graph
from graphssl.objectives.target_network import target_of


def stack(channels=(8, 4), conv=GCNConv, **options):
    return ConvStack(5, channels, conv, nn.PReLU, **options)


@pytest.mark.parametrize("channels", [(), (4, 0)])
def test_needs_layers_of_some_width(channels):
    with pytest.raises(ConfigError, match=r"encoder\.channels"):
        stack(channels)


def test_width_must_be_divisible_by_the_heads():
    with pytest.raises(ConfigError, match=r"width 6 is not divisible by encoder\.conv\.heads=4"):
        stack((6,), partial(GATConv, heads=4))


def test_heads_that_are_averaged_need_no_division():
    encoder = stack((6,), partial(GATConv, heads=4, concat=False))
    assert encoder(torch.randn(3, 5), torch.tensor([[0, 1], [1, 2]])).shape == (3, 6)


@pytest.mark.parametrize("aggr", ["mean", "max"])
def test_a_gcn_that_does_not_sum_gets_its_edges_removed(aggr):
    edges = torch.tensor([[0, 1, 2, 3, 0, 2], [1, 2, 3, 0, 2, 1]])
    graph = Graph(torch.randn(4, 5, dtype=torch.float64), edges)
    encoder = stack(conv=partial(GCNConv, aggr=aggr)).double()
    kept = torch.tensor([True, False, True, True, False, True])
    torch.testing.assert_close(
        encode(encoder, graph.view().keep_edges(kept)), encoder(graph.x, edges[:, kept])
    )


def test_weights_on_edges_reach_gcn_and_match_plain_pyg():
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(9, (2, 40), generator=generator)
    edges = edges[:, edges[0] != edges[1]]
    weight = torch.rand(edges.size(1), generator=generator, dtype=torch.float64)
    graph = Graph(torch.randn(9, 5, generator=generator, dtype=torch.float64), edges, weight)
    encoder = stack().double()
    kept = weight > 0.3
    seen = encode(encoder, graph.view().keep_edges(kept))
    torch.testing.assert_close(
        seen, encoder(graph.x, edges[:, kept], weight[kept]), rtol=1e-12, atol=1e-12
    )
    assert not torch.allclose(seen, encoder(graph.x, edges[:, kept]))


@pytest.mark.parametrize("conv", [GCNConv, GATConv])
def test_weight_standardization_is_the_stack_with_standardised_weights(conv):
    encoder = stack((8, 6, 4), conv, weight_standardization=True).double()
    plain = stack((8, 6, 4), conv).double()
    plain.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        for layer in list(plain.convs)[1:]:
            w = layer.lin.weight
            w.copy_((w - w.mean(1, keepdim=True)) / (w.var(1, keepdim=True) + 1e-5).sqrt())
    x = torch.randn(6, 5, dtype=torch.float64)
    graph = Graph(x, torch.tensor([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]]))
    for out in (encoder(graph.x, graph.edge_index), encode(encoder, graph.view())):
        torch.testing.assert_close(out, plain(graph.x, graph.edge_index), rtol=1e-12, atol=1e-12)


def test_weight_standardization_survives_the_copy_that_a_target_network_is():
    encoder = stack((8, 6), weight_standardization=True)
    target = target_of(encoder)
    edges = torch.tensor([[0, 1], [1, 2]])
    encoder(torch.randn(3, 5), edges).sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
    assert not torch.equal(target.convs[1].lin.weight, encoder.convs[1].lin.weight)


def test_pyg_models_have_one_hidden_width():
    with pytest.raises(ConfigError, match=r"one hidden width, got \[8, 6, 4\]"):
        pyg_model(nn.Identity, 5, [8, 6, 4])


class _PerEntry:
    def __call__(self, view, generator):
        return view.keep_features(torch.rand(view.x.shape, generator=generator) < 0.5)


class _NewFeatures:
    def __call__(self, view, generator):
        return view.with_features(view.x + torch.randn(view.x.shape, generator=generator))


class _NewEdges:
    def __call__(self, view, generator):
        return view.with_edges(view.edge_index.flip(0)[:, :-3])


@pytest.mark.parametrize("conv", [GCNConv, GATConv, SAGEConv])
@pytest.mark.parametrize("augment", [_PerEntry(), _NewFeatures(), _NewEdges()])
def test_views_that_masks_cannot_say_are_encoded_as_their_plain_tensors(graph, conv, augment):
    stack = ConvStack(20, [8, 4], conv, torch.nn.PReLU).eval()
    generator = torch.Generator().manual_seed(0)
    view = augment(graph.view(), generator)
    plain = graph.view().keep_edges(torch.rand(graph.num_edges, generator=generator) < 0.5)
    for pair in ((view, plain), (plain, view)):
        for seen, h in zip(pair, stack.encode_pair(*pair), strict=True):
            torch.testing.assert_close(h, stack(seen.x, seen.edge_index, seen.edge_weight))


def written_out(stack, x, edge_index):
    """Layers, shortcuts and the join, from the formulas."""
    outputs = []
    for layer, conv in enumerate(stack.convs):
        h = stack.acts[layer](stack.norms[layer](conv(x, edge_index)))
        if len(stack.shortcuts) and layer > 0:
            shortcut = stack.shortcuts[layer - 1]
            h = h + (x if isinstance(shortcut, nn.Identity) else x @ shortcut.weight.T)
        outputs.append(h)
        x = h
    joins = {
        "last": lambda: outputs[-1],
        "cat": lambda: torch.cat(outputs, 1),
        "max": lambda: torch.maximum(outputs[0], torch.maximum(*outputs[1:])),
    }
    return joins[stack.jumping_knowledge]()


@pytest.mark.parametrize("conv", [GCNConv, GATConv, SAGEConv])
@pytest.mark.parametrize(
    ("channels", "options"),
    [
        ((8, 8, 4), {"residual": True}),
        ((8, 4, 4), {"jumping_knowledge": "cat"}),
        ((8, 8, 8), {"jumping_knowledge": "max"}),
        ((8, 8, 8), {"jumping_knowledge": "cat", "residual": True}),
    ],
)
def test_shortcuts_and_joins_on_every_path(graph, conv, channels, options):
    graph = graph.to("cpu", torch.float64)
    stack = ConvStack(20, channels, conv, nn.PReLU, nn.BatchNorm1d, **options).double()
    expected = written_out(stack, graph.x, graph.edge_index)
    assert stack.out_channels == expected.size(1)
    for h in (stack(graph.x, graph.edge_index), *stack.encode_pair(graph.view(), graph.view())):
        torch.testing.assert_close(h, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jumping_knowledge": "lstm"}, r"must be one of last, cat, max, got 'lstm'"),
        ({"jumping_knowledge": "max"}, r"equal width, got encoder\.channels=\[8, 4\]"),
        ({"conv": partial(GCN2Conv, alpha=0.1)}, r"GCN2Conv uses the output of the .*\[8, 4\]"),
        ({"conv": APPNP}, r"encoder\.conv: APPNP also needs K, alpha"),
        ({"conv": GCN2Conv}, r"encoder\.conv: GCN2Conv also needs alpha"),
        ({"conv": GINConv}, r"encoder\.conv: GINConv also needs nn"),
    ],
)
def test_layers_that_cannot_be_built(options, message):
    with pytest.raises(ConfigError, match=message):
        stack(**options)


def test_gcn2_looks_back_at_the_first_layers_map(graph):
    stack = ConvStack(20, [6, 6, 6], partial(GCN2Conv, alpha=0.3), nn.ReLU)
    first = graph.x @ stack.maps[0].weight.T
    h = first
    for conv in stack.convs:
        h = torch.relu(conv(h, first, graph.edge_index))
    assert torch.equal(stack(graph.x, graph.edge_index), h)
    assert [type(m) for m in stack.maps] == [nn.Linear, nn.Identity, nn.Identity]


def test_operators_of_one_width_or_none_come_after_a_linear_map(graph):
    for conv in (partial(APPNP, K=2, alpha=0.1), partial(GatedGraphConv, num_layers=2)):
        stack = ConvStack(20, [6, 4], conv, nn.ReLU)
        h = stack.convs[0](graph.x @ stack.maps[0].weight.T, graph.edge_index).relu()
        h = stack.convs[1](h @ stack.maps[1].weight.T, graph.edge_index).relu()
        assert torch.equal(stack(graph.x, graph.edge_index), h)


def test_gps_needs_one_width_that_the_heads_divide():
    for channels in ([8, 4], [6, 6]):
        with pytest.raises(ConfigError, match=r"encoder\.channels: GPS needs layers of one width"):
            GPS(5, channels, GCNConv, heads=4)


@pytest.mark.parametrize("conv", [GCNConv, partial(GATConv, heads=2)], ids=["gcn", "gat"])
def test_dropout_hits_the_input_of_every_layer_as_in_plain_pyg(graph, conv):
    graph = graph.to("cpu", torch.float64)
    encoder = ConvStack(20, [8, 4], conv, nn.ReLU, dropout=0.4).double()
    view = graph.view().keep_edges(torch.rand(graph.num_edges) > 0.3)
    torch.manual_seed(3)
    h = view.x
    for layer in encoder.convs:
        h = layer(nn.functional.dropout(h, 0.4, training=True), view.edge_index).relu()
    torch.manual_seed(3)
    torch.testing.assert_close(encode(encoder, view), h, rtol=1e-12, atol=1e-12)
    torch.manual_seed(3)
    pair = encode_pair(encoder, view, view)
    torch.testing.assert_close(pair[0], h, rtol=1e-12, atol=1e-12)
    assert not torch.equal(pair[0], pair[1])


def test_without_training_or_dropout_nothing_is_dropped_or_drawn(graph):
    torch.manual_seed(0)
    with_dropout = ConvStack(20, [8, 4], GCNConv, nn.ReLU, dropout=0.5).eval()
    plain = ConvStack(20, [8, 4], GCNConv, nn.ReLU)
    plain.load_state_dict(with_dropout.state_dict())
    state = torch.get_rng_state()
    for view in (graph.view(), graph.view().keep_features(torch.arange(20) > 4)):
        assert torch.equal(encode(with_dropout, view), encode(plain, view))
    assert torch.equal(plain(graph.x, graph.edge_index), with_dropout(graph.x, graph.edge_index))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("dropout", [-0.1, 1.0, 2])
def test_dropout_outside_0_1_is_refused(dropout):
    with pytest.raises(ConfigError, match=rf"encoder\.dropout .*got {dropout}"):
        stack(dropout=dropout)


@pytest.mark.parametrize("channels", [(8, 4), (4,)])
def test_a_plain_last_layer_is_its_operator_alone(channels):
    encoder = stack(channels, norm=nn.BatchNorm1d, plain_last=True)
    x, edges = torch.randn(6, 5), torch.tensor([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5]])
    h = x
    for layer, conv in enumerate(encoder.convs):
        h = conv(h, edges)
        if layer < len(channels) - 1:
            h = torch.nn.functional.prelu(nn.BatchNorm1d(8)(h), torch.tensor([0.25]))
    torch.testing.assert_close(encoder(x, edges), h)
    torch.testing.assert_close(encode(encoder, Graph(x, edges).view()), h)
    assert len(encoder.norms) == len(encoder.acts) == len(channels)
