"""Which weights an encoder uses, and negative ones: said before training, in the record too."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import (
    GCN,
    GIN,
    ChebConv,
    GATConv,
    GATv2Conv,
    GCNConv,
    GraphConv,
    GraphSAGE,
    SAGEConv,
    SGConv,
    TAGConv,
)  # fmt: skip

from graphssl.augmentation.drop_edges import DropEdges
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.edge_weight import edge_weight_facts, unused_by
from graphssl.encoders.encoding import encode
from graphssl.encoders.operators import MLPGINConv, NodeLinear
from graphssl.errors import DataError, TrainingError
from graphssl.graph import Graph


def weighted(graph: Graph, low: float = 0.5) -> Graph:
    generator = torch.Generator().manual_seed(1)
    weight = low + torch.rand(graph.num_edges, generator=generator)
    return Graph(graph.x, graph.edge_index, weight)


def stack(conv) -> ConvStack:
    return ConvStack(20, [8, 4], conv, nn.ReLU)


class Blind(nn.Module):
    """A forward without an edge weight, around a layer that takes one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out_channels = GCNConv(20, 4), 4

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.conv(x, edge_index)


class Forgetful(Blind):
    """Takes the weight and does not hand it on."""

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        return self.conv(x, edge_index)


class Late(Blind):
    """Takes the weight elsewhere than in the third place."""

    def forward(self, x, edge_index, batch=None, *, edge_weight=None):
        assert batch is None
        return self.conv(x, edge_index, edge_weight)


class Filter(Blind):
    """Uses weights without a gradient."""

    def forward(self, x, edge_index, edge_weight=None):
        return self.conv(x, edge_index[:, edge_weight > 1])


@pytest.mark.parametrize(
    ("make", "unused"),
    [
        *((partial(stack, c), None) for c in (GCNConv, GraphConv, TAGConv, SGConv)),
        (partial(stack, partial(ChebConv, K=2)), None),
        *((partial(stack, c), c.__name__) for c in
          (GATConv, GATv2Conv, SAGEConv, MLPGINConv, NodeLinear)),
        (lambda: GCN(20, 8, 2, 4), None),
        (lambda: GraphSAGE(20, 8, 2, 4), "SAGEConv"),
        (lambda: GIN(20, 8, 2, 4), "GINConv"),
        (Blind, "Blind"), (Forgetful, "Forgetful"), (Late, None), (Filter, None),
    ],
)  # fmt: skip
def test_who_uses_edge_weights(make, unused: str | None, graph, caplog) -> None:
    encoder = make()
    assert unused_by(encoder, weighted(graph)) == unused
    assert unused_by(encoder, graph) is None
    ones = Graph(graph.x, graph.edge_index, torch.ones(graph.num_edges))
    assert unused_by(encoder, ones) is None
    caplog.set_level(logging.INFO, logger="graphssl")
    facts = edge_weight_facts("mine", encoder, weighted(graph))
    assert facts == ({} if unused is None else {"edge_weight": f"not used by {unused}"})
    assert caplog.text.count("edge weights, which are not used by") == (unused is not None)


def test_asking_changes_neither_encoder_nor_stream(graph) -> None:
    encoder = ConvStack(20, [8], GCNConv, nn.ReLU, partial(nn.BatchNorm1d, momentum=0.99))
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    stream = torch.get_rng_state()
    edge_weight_facts("mine", encoder, weighted(graph, low=-0.2))
    assert torch.equal(torch.get_rng_state(), stream)
    assert encoder.training
    for key, value in encoder.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_an_encoder_is_called_with_what_it_takes(graph) -> None:
    graph = weighted(graph)
    for cls in (Blind, Late):
        encoder = cls()
        expected = encoder.conv(
            graph.x, graph.edge_index, graph.edge_weight if cls is Late else None
        )
        assert torch.equal(encode(encoder, graph.view()), expected)
    wrapped = nn.Sequential()
    wrapped.conv, wrapped.out_channels = GCNConv(20, 4), 4
    wrapped.forward = lambda *args: wrapped.conv(*args)
    expected = wrapped.conv(graph.x, graph.edge_index, graph.edge_weight)
    assert torch.equal(encode(wrapped, graph.view()), expected)


def ring(weights: dict[tuple[int, int], float]) -> Graph:
    """A ring of 6 nodes both ways, weights 1 but for those given."""
    nodes = torch.arange(6)
    edge_index = torch.stack(
        [torch.cat([nodes, (nodes + 1) % 6]), torch.cat([(nodes + 1) % 6, nodes])]
    )
    edge_index = torch.cat([edge_index, torch.tensor([[3], [3]])], 1)
    pairs = [tuple(pair) for pair in edge_index.t().tolist()]
    weight = torch.tensor([weights.get(pair, 1.0) for pair in pairs])
    return Graph(torch.eye(6), edge_index, weight)


@pytest.mark.parametrize(
    ("weights", "outcome"),
    [
        ({}, "fine"),
        ({(0, 1): -0.9}, "fine"),  # 1 - 0.9 at the least
        ({(0, 1): -1.5}, "warned"),  # 1 + 1 - 1.5, and 1 - 1.5 without (2, 1)
        ({(0, 1): -2.5}, "refused"),
        ({(2, 3): -0.5, (3, 3): 0.1}, "warned"),  # 0.1 - 0.5 without (4, 3)
        ({(2, 3): -0.5, (3, 3): 0.6}, "fine"),
    ],
)
def test_a_degree_that_can_be_negative_is_found_before_training(weights, outcome, caplog) -> None:
    graph, encoder = ring(weights), ConvStack(6, [4, 4], GCNConv, nn.PReLU)
    if outcome == "refused":
        with pytest.raises(DataError, match=r"mine: 1 of 13 edge weights are negative \(least -2"):
            edge_weight_facts("mine", encoder, graph)
        return
    facts = edge_weight_facts("mine", encoder, graph)
    assert ("negative_degree" in facts) == ("if views drop other edges" in caplog.text)
    assert ("negative_degree" in facts) == (outcome == "warned")
    drop, generator = DropEdges(0.5), torch.Generator().manual_seed(0)
    views = [drop(graph.view(), generator) for _ in range(200)]
    finite = all(bool(encode(encoder, view).isfinite().all()) for view in views)
    assert finite == (outcome == "fine")


def test_layers_that_divide_by_no_degree_take_any_weight() -> None:
    graph = ring({(0, 1): -2.5})
    assert edge_weight_facts("mine", ConvStack(6, [4], GraphConv, nn.PReLU), graph) == {}
    assert (
        "not used"
        in edge_weight_facts("mine", ConvStack(6, [4], SAGEConv, nn.PReLU), graph)["edge_weight"]
    )


def test_features_that_overflow_are_not_blamed_on_weights() -> None:
    graph = ring({(0, 1): -1.5})
    graph = Graph(graph.x * 3e38, graph.edge_index, 9 * graph.edge_weight)
    assert edge_weight_facts("mine", ConvStack(6, [4], GraphConv, nn.PReLU), graph) == {}


def save(folder: Path, least: float) -> str:
    rng, nodes = np.random.default_rng(0), np.arange(300)
    edges = np.stack([np.repeat(nodes, 3), rng.integers(0, 300, 900)])
    edges = np.hstack([edges, edges[::-1]])
    weight = np.ones(1800)
    weight[::9] = least
    x = rng.normal(size=(300, 8))
    masks = {f"{part}_mask": nodes // 100 == i for i, part in enumerate(("train", "val", "test"))}
    np.savez(folder / "mine.npz", x=x, edge_index=edges, y=nodes % 3, edge_weight=weight, **masks)
    return str(folder / "mine.npz")


@pytest.fixture
def custom_run(tmp_path: Path):
    import graphssl

    def run(least: float, *overrides: str):
        return graphssl.run([
            "dataset=custom", f"dataset.path={save(tmp_path, least)}", "recipe.channels=[8,4]",
            "recipe.predictor_channels=8", "trainer.steps=20", "trainer.log_every=1",
            "probe=[public_split]", "probe.protocols.public_split.log2_C=[0,1]",
            "trainer.device=cpu", f"paths.runs={tmp_path / 'runs'}", *overrides,
        ])  # fmt: skip

    return run


def test_the_record_says_what_was_done_with_the_edges(custom_run) -> None:
    used = custom_run(0.5).dataset
    assert used["edge_weight"] == "edge_weight"
    assert used["edges_without_reverse"] == 0
    assert used["keys_not_used"] == []
    assert custom_run(0.5, "encoder=gat").dataset["edge_weight"] == "not used by GATConv"


@pytest.mark.parametrize(
    ("least", "error"),
    [(-0.8, TrainingError), (-1.2, DataError)],  # at a later step, at the look before the first
)
def test_nan_under_negative_weights_names_the_graph(custom_run, least, error) -> None:
    with pytest.raises(error, match=rf"edge weights are negative \(least {least}\)") as found:
        custom_run(least, "dataset.name=signed")
    assert "signed: " in str(found.value)
    assert "optimizer.lr" not in str(found.value)
