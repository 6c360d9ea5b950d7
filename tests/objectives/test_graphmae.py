"""GraphMAE step by step on plain tensors, and what it hides."""

from functools import partial

import numpy as np
import pytest
import torch
from tests.objectives.numeric import assert_twins
from torch import nn
from torch_geometric.nn import GCNConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.errors import ConfigError
from graphssl.graph import Graph
from graphssl.objectives import GraphMAE, scaled_cosine_error


def made(graph, **options):
    torch.manual_seed(0)
    encoder = ConvStack(graph.num_features, [6], GCNConv, nn.PReLU)
    objective = GraphMAE(encoder, graph.num_features, GCNConv, **options).double()
    nn.init.normal_(objective.token)
    return objective


@pytest.mark.parametrize("gamma", [1.0, 2.0, 3.0])
def test_the_error_is_the_formula(gamma):
    def twin(found, target):
        cos = (found * target).sum(1)
        cos /= np.linalg.norm(found, axis=1) * np.linalg.norm(target, axis=1)
        return ((1 - cos) ** gamma).mean()

    rng = np.random.default_rng(0)
    error = partial(scaled_cosine_error, gamma=gamma)
    assert_twins(error, twin, rng.normal(size=(5, 3)), rng.normal(size=(5, 3)))
    z = torch.randn(4, 3, dtype=torch.float64)
    assert scaled_cosine_error(z, 2 * z, gamma).item() == pytest.approx(0, abs=1e-9)
    assert scaled_cosine_error(z, -z, gamma).item() == pytest.approx(2**gamma)


def test_a_step_is_mask_encode_mask_again_decode(graph):
    graph = graph.to("cpu", torch.float64)
    objective = made(graph, mask_rate=0.4, replace_rate=0.25)
    torch.manual_seed(7)
    output = objective(graph.view(), graph.view())
    output.loss.backward()

    torch.manual_seed(7)
    order, others = (torch.rand(60).argsort() for _ in range(2))
    masked, replaced = order[:24].tolist(), order[:6].tolist()
    x = graph.x.clone()
    token = objective.token.detach().clone().requires_grad_()
    rows = list(x)
    for node in masked:
        rows[node] = token
    for node, other in zip(replaced, others.tolist(), strict=False):
        rows[node] = graph.x[other]
    encoder, decoder = objective.encoder, objective.decoder.convs[0]
    h = encoder.acts[0](encoder.convs[0](torch.stack(rows), graph.edge_index))
    codes = [
        torch.zeros(6, dtype=torch.float64) if i in masked else objective.bridge.weight @ h[i]
        for i in range(60)
    ]
    found = decoder(torch.stack(codes), graph.edge_index)
    errors = [(1 - torch.cosine_similarity(found[i], graph.x[i], dim=0)) ** 3 for i in masked]
    loss = torch.stack(errors).mean()
    torch.testing.assert_close(output.loss, loss)
    torch.testing.assert_close(output.representations[0], h)
    torch.testing.assert_close(objective.token.grad, torch.autograd.grad(loss, token)[0])


def test_the_features_of_masked_nodes_reach_nothing_but_the_target(graph):
    graph = graph.to("cpu", torch.float64)
    objective = made(graph, replace_rate=0.0)
    torch.manual_seed(3)
    masked = torch.rand(60).argsort()[:30]
    other = graph.x.clone()
    other[masked] += 5.0
    seen = []
    for x in (graph.x, other):
        torch.manual_seed(3)
        view = Graph(x, graph.edge_index).view()
        seen.append(objective(view, view).representations[0])
    assert torch.equal(*seen)


def test_nothing_is_hidden_in_eval_mode(graph):
    graph = graph.to("cpu", torch.float64)
    objective = made(graph).eval()
    (h,) = objective(graph.view(), graph.view()).representations
    torch.testing.assert_close(h, objective.encoder(graph.x, graph.edge_index))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"mask_rate": 1}, "objective.mask_rate must be a finite number"),
        ({"mask_rate": 0}, "objective.mask_rate must be a finite number"),
        ({"replace_rate": 1.0}, "objective.replace_rate must be a finite number"),
        ({"gamma": 0.5}, "objective.gamma must be a finite number"),
    ],
)
def test_options_out_of_range(graph, option, message):
    with pytest.raises(ConfigError, match=message):
        made(graph, **option)


def test_a_graph_too_small_to_mask_a_node_is_one_line(graph):
    one = Graph(graph.x[:1].double(), torch.zeros(2, 0, dtype=torch.int64))
    with pytest.raises(ConfigError, match=r"mask_rate=0\.5 of 1 nodes is 0") as error:
        made(graph)(one.view(), one.view())
    assert "\n" not in str(error.value)
