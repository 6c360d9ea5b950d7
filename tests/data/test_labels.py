"""Graphs with some labels, none, several per node; and without features."""

import logging

import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.transforms import (
    Constant,
    LargestConnectedComponents,
    LocalDegreeProfile,
    OneHotDegree,
)

from graphssl.data.labels import labels
from graphssl.data.node_dataset import node_dataset
from graphssl.errors import ConfigError, DataError

EDGES = torch.tensor([[0, 1, 1, 2, 3], [1, 0, 2, 1, 0]])


def graph(**parts) -> Data:
    return Data(**{"x": torch.eye(4), "edge_index": EDGES, **parts})


def test_negative_labels_are_counted_and_become_minus_1(caplog):
    caplog.set_level(logging.INFO, logger="graphssl")
    dataset = node_dataset("mine", graph(y=torch.tensor([1, -7, 0, -1])))
    assert dataset.y.tolist() == [1, -1, 0, -1]
    assert dataset.num_classes == 2
    assert dataset.labelled.tolist() == [True, False, True, False]
    assert dataset.facts["unlabelled_nodes"] == 2
    assert "2 of 4 nodes have no label" in caplog.text


@pytest.mark.parametrize("y", [None, torch.full((4,), -1), torch.full((4, 3), -1)])
def test_a_graph_without_any_label(y):
    dataset = node_dataset("mine", graph(y=y))
    assert not dataset.labelled.any()
    assert dataset.facts["unlabelled_nodes"] == 4
    if y is None or y.ndim == 1:
        assert dataset.y.tolist() == [-1] * 4
    assert dataset.num_classes == 0


def test_several_labels_per_node():
    y = torch.tensor([[1, 0, 1], [0, 0, 0], [-1, -1, -1], [1, 1, 0]])
    dataset = node_dataset("mine", graph(y=y.float()))
    assert dataset.y.dtype == torch.int64
    assert dataset.y.tolist() == y.tolist()
    assert dataset.num_classes == 3
    assert dataset.labelled.tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 1], [0, 2], [0, 0]], r"y\[1, 1\] = 2: several labels per node are 0 and 1"),
        ([[1, 1], [0, -1], [0, 0]], r"y\[1, 1\] = -1: several labels per node are 0 and 1"),
        ([[1, 1], [0, 0.5], [0, 0]], r"y\[1, 1\] = 0.5 is not a whole number"),
        ([[1, 1], [-1, -1], [1, 1]], r"y is \[1, 1\] for every node with labels"),
        ([[1, 0], [0, 1], [0, 1]], r"it is one-hot: save y.argmax\(1\)"),
    ],
)
def test_bad_tables_of_labels_name_the_entry(rows, message):
    with pytest.raises(DataError, match=f"mine: .*{message}"):
        labels("mine", torch.tensor(rows), 3)


@pytest.mark.parametrize(
    ("transform", "width"),
    [(Constant(), 1), (OneHotDegree(2), 3), (LocalDegreeProfile(), 5)],
    ids=lambda value: type(value).__name__,
)
def test_transforms_supply_missing_features(transform, width):
    data = graph(x=None, y=torch.tensor([0, 1, 0, 1, -1]))
    dataset = node_dataset("mine", data, [transform])
    assert dataset.graph.x.shape == (5, width)  # the last node has a label, but no edge
    assert data.get("x") is None  # the caller's graph is as it was


@pytest.mark.parametrize(
    ("known", "nodes"),
    [
        ({}, 4),
        ({"num_nodes": 6}, 6),
        ({"num_nodes": torch.tensor(6)}, 6),
        ({"pos": torch.zeros(7, 2)}, 7),
        ({"num_nodes": 8, "pos": torch.zeros(7, 2)}, 8),
    ],
    ids=str,
)
def test_nodes_of_a_graph_without_features_are_counted(known, nodes):
    assert node_dataset("mine", graph(x=None, **known), [Constant()]).graph.num_nodes == nodes


def test_ids_count_nodes_and_follow_them_without_features():
    edges = torch.tensor([[0, 1, 3, 4, 3], [1, 0, 4, 3, 5]])
    data = Data(edge_index=edges)
    transforms = [LargestConnectedComponents(), Constant()]
    dataset = node_dataset("mine", data, transforms, node_ids=list("abcdef"))
    assert dataset.node_ids.tolist() == ["d", "e", "f"]
    assert dataset.graph.x.tolist() == [[1.0]] * 3


@pytest.mark.parametrize("transforms", [[], [lambda data: data]])
def test_missing_features_are_an_error_that_names_transforms_that_supply_them(transforms):
    names = "LocalDegreeProfile.*Constant.*OneHotDegree"
    with pytest.raises(DataError, match=f"mine: the graph has no x; .*{names}"):
        node_dataset("mine", graph(x=None), transforms)


def test_bad_counts_of_nodes():
    with pytest.raises(ConfigError, match=r"mine: num_nodes must be a whole number.* got 2.5"):
        node_dataset("mine", graph(x=None, num_nodes=2.5), [Constant()])
    with pytest.raises(DataError, match=r"names node 3, but nodes are 0\.\.2"):
        node_dataset("mine", graph(x=None, num_nodes=3), [Constant()])
    with pytest.raises(DataError, match=r"edge_index has shape \(2, 0\)"):
        node_dataset("mine", Data(edge_index=torch.zeros(2, 0).long()), [Constant()])


def test_graphs_of_several_kinds_are_refused_with_a_way_out():
    data = HeteroData()
    data["a"].x = torch.ones(2, 1)
    with pytest.raises(DataError, match=r"is a HeteroData, not .* use its to_homogeneous\(\)"):
        node_dataset("mine", data)
