"""What the record says about a graph: against NumPy and loops, and through files and transforms."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric import transforms
from torch_geometric.data import Data

from graphssl.data.custom import CustomDataset
from graphssl.data.facts import edge_counts
from graphssl.data.node_dataset import node_dataset

EDGES = torch.tensor([[0, 1, 2], [1, 2, 3]])


def graph(**changes: Any) -> Data:
    parts = {"x": torch.eye(4), "edge_index": EDGES, "y": torch.tensor([0, 1, 0, 1])}
    return Data(**{**parts, **changes})


def counted(edge_index: np.ndarray, num_nodes: int) -> dict[str, Any]:
    """The counts from sets of pairs, edge by edge."""
    edges = list(zip(*edge_index.tolist(), strict=True))
    pairs = {(i, j) for i, j in edges if i != j}
    alone = sum((j, i) not in pairs for i, j in pairs)
    joined = {node for pair in pairs for node in pair}
    return {
        "edges_without_reverse": alone / len(pairs) if pairs else 0.0,
        "self_loops": sum(i == j for i, j in edges),
        "duplicate_edges": len(edges) - len(set(edges)),
        "isolated_nodes": num_nodes - len(joined),
    }


@settings(max_examples=200, deadline=None)
@given(data=st.data(), num_nodes=st.integers(1, 9))
def test_counts_are_those_of_a_loop_over_edges(data: st.DataObject, num_nodes: int) -> None:
    node = st.integers(0, num_nodes - 1)
    edges = data.draw(st.lists(st.tuples(node, node), min_size=1, max_size=25))
    edge_index = np.array(edges).T.copy()
    found = edge_counts(torch.from_numpy(edge_index), num_nodes)
    assert found == pytest.approx(counted(edge_index, num_nodes))


def test_counts_of_numbers_whose_pairs_need_64_bits() -> None:
    edge_index = torch.tensor([[99_999, 70_000, 5], [70_000, 99_999, 99_999]])
    found = edge_counts(edge_index, 100_000)
    assert found["edges_without_reverse"] == pytest.approx(1 / 3)
    assert found["isolated_nodes"] == 99_997


def test_an_undirected_graph_listed_once_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="graphssl")
    assert node_dataset("path", graph()).facts["edges_without_reverse"] == 1
    (line,) = caplog.records
    assert line.levelname == "WARNING"
    assert "100 % of the edges have no reverse" in line.getMessage()
    assert (
        "dataset.transforms=[{_target_: torch_geometric.transforms.ToUndirected}]"
        in line.getMessage()
    )
    caplog.clear()
    both = node_dataset("path", graph(), [transforms.ToUndirected()])
    assert both.facts["edges_without_reverse"] == 0
    assert both.graph.num_edges == 6
    assert not caplog.records
    some = torch.tensor([[0, 1, 2], [1, 0, 3]])
    assert node_dataset("path", graph(edge_index=some)).facts["edges_without_reverse"] == 1 / 3
    assert [r.levelname for r in caplog.records] == ["INFO"]
    assert "33.33 % of the edges have no reverse" in caplog.text


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
@pytest.mark.parametrize("key", ["edge_attr", "edge_weight"])
def test_one_number_per_edge_is_its_weight(key: str, shape: tuple[int, ...]) -> None:
    values = torch.tensor([0.5, 2.0, 3.0])
    dataset = node_dataset("path", graph(**{key: values.reshape(shape)}))
    assert torch.equal(dataset.graph.edge_weight, values)
    assert dataset.facts["edge_weight"] == key
    assert dataset.facts["edge_attr"] == ("edge weights" if key == "edge_attr" else None)


def test_other_edge_attributes_are_said_not_to_be_used(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="graphssl")
    wide = node_dataset("path", graph(edge_attr=torch.ones(3, 2)))
    assert wide.graph.edge_weight is None
    assert wide.facts["edge_attr"] == "not used: shape (3, 2)"
    assert wide.facts["edge_weight"] is None
    assert "edge_attr of shape (3, 2) is not used" in caplog.text
    both = node_dataset("path", graph(edge_attr=torch.zeros(3), edge_weight=torch.ones(3)))
    assert both.graph.edge_weight.tolist() == [1, 1, 1]
    assert both.facts["edge_attr"] == "not used: shape (3,)"


def test_weights_of_a_transform_are_used(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="graphssl")
    place = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    far = node_dataset("path", graph(pos=place), [transforms.Distance(norm=False)])
    assert far.graph.edge_weight.tolist() == [1, 2, 4]
    assert "edge_attr of shape (3, 1) has one number per edge: used as edge weights" in caplog.text
    assert far.facts["keys_not_used"] == ["pos"]
    normed = node_dataset("path", graph(), [transforms.GCNNorm()])
    assert normed.facts["edge_weight"] == "edge_weight"
    assert normed.graph.num_edges == 7


def test_keys_of_a_transform_that_nothing_reads_are_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="graphssl")

    def walk(data: Data) -> Data:
        data.random_walk_pe = torch.ones(4, 2)
        return data

    dataset = node_dataset("path", graph(num_nodes=4), [walk])
    assert dataset.facts["keys_not_used"] == ["random_walk_pe"]
    assert "path: keys not used: random_walk_pe" in caplog.text


def saved(folder: Path, **changes: Any) -> str:
    torch.save(graph(**changes).to_dict(), folder / "mine.pt")
    return str(folder / "mine.pt")


def test_extras_and_keys_to_ignore_are_passed_over_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="graphssl")
    path = saved(tmp_path, name="karate", year=torch.ones(4), edge_weight=2 * torch.ones(3))
    dataset = CustomDataset(path, ignore=["year", "edge_weight"]).load(tmp_path)
    assert dataset.facts["keys_not_used"] == ["edge_weight", "name", "year"]
    assert dataset.graph.edge_weight is None
    assert "keys not used: edge_weight, name, year" in caplog.text


def test_positions_reach_the_transforms(tmp_path: Path) -> None:
    path = saved(tmp_path, pos=torch.tensor([[0.0], [1.0], [3.0], [7.0]]))
    dataset = CustomDataset(path, transforms=[transforms.Distance(norm=False)]).load(tmp_path)
    assert dataset.graph.edge_weight.tolist() == [1, 2, 4]


@pytest.mark.parametrize("suffix", [".npz", ".pt"])
@pytest.mark.parametrize("ids", [[40, 30, 20, 10], ["d", "c", "b", "a"]])
def test_node_ids_are_those_of_the_file(suffix: str, ids: list[Any], tmp_path: Path) -> None:
    path = tmp_path / f"mine{suffix}"
    if suffix == ".npz":
        arrays = {key: value.numpy() for key, value in graph().to_dict().items()}
        np.savez(path, node_id=np.array(ids), **arrays)
    else:
        torch.save(graph(node_id=ids).to_dict(), path)
    found = CustomDataset(str(path)).load(tmp_path).node_ids
    assert found is not None
    assert found.tolist() == ids


@pytest.mark.parametrize("dtype", ["f8", ">f4", ">f8", "f2", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_byte_order_and_layout_is_the_same_graph(
    dtype: str, order: str, tmp_path: Path
) -> None:
    x = np.asarray(np.arange(8).reshape(4, 2), dtype=dtype, order=order)
    y = np.array([0, 1, 0, 1], dtype=">i4")
    np.savez(tmp_path / "mine.npz", x=x, y=y, edge_index=EDGES.numpy().astype(">i8", order=order))
    torch.set_default_dtype(torch.float64)
    try:
        dataset = CustomDataset(str(tmp_path / "mine.npz")).load(tmp_path)
    finally:
        torch.set_default_dtype(torch.float32)
    assert dataset.graph.x.tolist() == np.arange(8).reshape(4, 2).tolist()
    assert dataset.graph.x.is_contiguous()
    assert dataset.graph.x.dtype == torch.float32
    assert torch.equal(dataset.graph.edge_index, EDGES)
    assert dataset.y.tolist() == [0, 1, 0, 1]


def test_whole_floats_are_classes_and_masks() -> None:
    mask = torch.tensor([1.0, 1.0, 0.0, 0.0])
    data = graph(y=torch.tensor([0.0, 1, 0, 1]), train_mask=mask, test_mask=1 - mask)
    dataset = node_dataset("path", data)
    assert dataset.y.tolist() == [0, 1, 0, 1]
    assert dataset.train_mask.tolist() == [[True], [True], [False], [False]]
