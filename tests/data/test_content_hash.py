from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from graphssl.contracts import NodeDataset
from graphssl.data.content_hash import content_hash
from graphssl.graph import Graph


def dataset() -> NodeDataset:
    """Eight nodes, features half of which are zero."""
    x = torch.zeros(8, 6)
    x[:, :3] = torch.arange(1.0, 25.0).reshape(8, 3)
    edges = torch.stack([torch.arange(8), torch.arange(8).roll(1)])
    mask = torch.zeros(8, 1, dtype=torch.bool)
    masks = [mask.clone().index_fill_(0, torch.tensor(i), True) for i in ([0, 1], [2], [3, 4])]
    return NodeDataset("ring", Graph(x, edges, torch.arange(8.0)), torch.arange(8) % 2, 2, *masks)


def changed(part: str, index: tuple[int, ...]) -> NodeDataset:
    data = dataset()
    inside = part in ("x", "edge_index", "edge_weight")
    tensor = getattr(data.graph if inside else data, part).clone()
    old = tensor[index]
    tensor[index] = ~old if tensor.dtype == torch.bool else old + 1
    return (
        replace(data, graph=replace(data.graph, **{part: tensor}))
        if inside
        else replace(data, **{part: tensor})
    )


PARTS = [
    ("x", (7, 2)), ("x", (7, 5)), ("edge_index", (1, 7)), ("edge_weight", (7,)), ("y", (7,)),
    ("train_mask", (7, 0)), ("val_mask", (7, 0)), ("test_mask", (7, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("part", "index"), PARTS)
def test_one_entry_anywhere_is_another_hash(part, index) -> None:
    assert content_hash(changed(part, index)) != content_hash(dataset())


def test_the_last_digit_of_a_feature_counts() -> None:
    data = dataset()
    x = data.graph.x.clone()
    x[0, 0] = torch.nextafter(x[0, 0], torch.tensor(9.0))
    other = replace(data, graph=replace(data.graph, x=x))
    assert content_hash(other) != content_hash(data)


@pytest.mark.parametrize("width", [1, 3])
def test_where_a_value_stands_counts_whether_sparse_or_dense(width: int) -> None:
    def at(column: int) -> str:
        x = torch.zeros(8, 6)
        x[:, :width] = 1.0
        x[0] = x[0].roll(column)
        return content_hash(replace(dataset(), graph=replace(dataset().graph, x=x)))

    assert at(0) != at(1)


def test_no_mask_no_weight_and_a_shape_count() -> None:
    data = dataset()
    x = data.graph.x
    variants = [
        data,
        replace(data, val_mask=None),
        replace(data, graph=replace(data.graph, edge_weight=None)),
        replace(data, graph=replace(data.graph, x=x.reshape(6, 8))),
        replace(data, train_mask=data.val_mask, val_mask=data.train_mask),
    ]
    assert len({content_hash(variant) for variant in variants}) == len(variants)


def test_types_layout_and_negative_zero_do_not_count() -> None:
    data = dataset()
    x = data.graph.x.double().T.contiguous().T
    x[0, 5] = -0.0
    dense = torch.full((8, 6), 2.0)
    dense[0, 0] = 0.0
    graph = Graph(x, data.graph.edge_index.int(), data.graph.edge_weight.double())
    assert content_hash(replace(data, graph=graph, y=data.y.int())) == content_hash(data)
    one, other = (replace(data, graph=replace(data.graph, x=d)) for d in (dense, dense.clone()))
    other.graph.x[0, 0] = -0.0
    assert content_hash(one) == content_hash(other)


def test_more_entries_than_one_chunk() -> None:
    x = torch.zeros(3, 200_000)
    x[2, 5] = 1.0
    data = replace(dataset(), graph=replace(dataset().graph, x=x))
    moved = replace(data, graph=replace(data.graph, x=x.roll(1)))
    assert content_hash(data) != content_hash(moved)


def test_the_hash_of_a_fixed_graph_never_changes() -> None:
    """Records of other machines and days hold it."""
    assert content_hash(dataset()) == "96b35365800268d5"
