"""Every conf/encoder/*.yaml keeps the contract; a new one is covered by being there."""

import pytest
import torch

from graphssl.cli import compose
from graphssl.config import build
from graphssl.config.folder import config_dir
from graphssl.encoders.encoding import encode, encode_pair
from graphssl.encoders.layer_weights import layer_weights
from graphssl.graph import Graph
from graphssl.regularizers.werank import WERank
from graphssl.seeding import global_stream

NAMES = sorted(path.stem for path in (config_dir() / "encoder").glob("*.yaml"))
EDGE_BLIND = {"mlp"}
ONE_WIDTH = {"gcn2", "gps"}


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def encoder(name, graph):
    widths = ["encoder.channels=[8,8]"] if name in ONE_WIDTH else []
    config, *_ = compose([f"encoder={name}", "recipe.channels=[16,8]", *widths])
    with global_stream(0, "init"):
        return build.encoder(config, graph.num_features)


def test_output_shape_and_finite_gradients(encoder, graph):
    out = encode(encoder, graph.view())
    assert out.shape == (graph.num_nodes, 8)
    assert encoder.out_channels == 8
    out.square().mean().backward()
    for key, parameter in encoder.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key


def test_reset_parameters_draws_new_weights(encoder):
    before = {key: weight.detach().clone() for key, weight in layer_weights(encoder).items()}
    encoder.reset_parameters()
    for key, weight in layer_weights(encoder).items():
        assert not torch.equal(weight, before[key]), key


def test_permuting_nodes_permutes_the_output(encoder, graph):
    order = torch.randperm(graph.num_nodes, generator=torch.Generator().manual_seed(2))
    place = torch.empty_like(order)
    place[order] = torch.arange(graph.num_nodes)
    permuted = Graph(graph.x[order], place[graph.edge_index])
    torch.testing.assert_close(
        encode(encoder.eval(), permuted.view()),
        encode(encoder, graph.view())[order],
        rtol=1e-4,
        atol=1e-5,
    )


def test_eval_mode_is_deterministic(encoder, graph):
    encoder.eval()
    assert torch.equal(encode(encoder, graph.view()), encode(encoder, graph.view()))


def test_a_masked_view_is_the_graph_without_what_is_hidden(name, encoder, graph):
    encoder = encoder.double()
    graph = graph.to("cpu", torch.float64)
    edges = torch.rand(graph.num_edges, generator=torch.Generator().manual_seed(3)) > 0.4
    features = torch.rand(graph.num_features, generator=torch.Generator().manual_seed(4)) > 0.4
    removed = Graph(graph.x * features, graph.edge_index[:, edges])
    seen = encode(encoder, graph.view().keep_edges(edges).keep_features(features))
    torch.testing.assert_close(seen, encoder(removed.x, removed.edge_index), rtol=1e-9, atol=1e-9)
    pair = graph.view().keep_edges(edges).keep_features(features), graph.view()
    for one, other in zip(
        encode_pair(encoder, *pair), [encode(encoder, v) for v in pair], strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)
    without_edges = encode(encoder, graph.view().keep_edges(edges))
    whole = encode(encoder, graph.view())
    assert torch.equal(without_edges, whole) == (name in EDGE_BLIND)
    assert not torch.allclose(encode(encoder, graph.view().keep_features(features)), whole)


def test_werank_finds_the_layers_and_lowers_its_own_penalty(encoder):
    werank = WERank(alpha=1.0)
    before = werank.penalty(encoder).total
    assert len(layer_weights(encoder)) >= 2
    optimizer = torch.optim.SGD(encoder.parameters(), lr=1e-3)
    for _ in range(20):
        optimizer.zero_grad()
        werank.penalty(encoder).total.backward()
        optimizer.step()
    assert werank.penalty(encoder).total < before


def test_the_recipes_dropout_reaches_every_encoder(name, graph):
    config, *_ = compose([f"encoder={name}", "recipe.channels=[16,8]", "recipe.dropout=0.5"])
    encoder = build.encoder(config, graph.num_features)
    view = graph.view()
    assert not torch.equal(encode(encoder, view), encode(encoder, view))
    encoder.eval()
    assert torch.equal(encode(encoder, view), encode(encoder, view))
