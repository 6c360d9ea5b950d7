"""Conversion of PyG's `Data` to a validated `NodeDataset`, the same for every graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphssl.contracts import AnyArray, NodeDataset
from graphssl.data.facts import MASKS, REQUIRED, graph_facts, weight_key
from graphssl.data.transformed import Transform, transformed
from graphssl.data.values import WHOLE, booleans, entry, finite, plain, unique_ids, whole_numbers
from graphssl.errors import DataError
from graphssl.graph import Graph


def node_dataset(
    name: str,
    data: Data,
    transforms: Sequence[Transform] = (),
    fingerprint: str | None = None,
    transform_seed: int = 0,
    node_ids: Any = None,
) -> NodeDataset:
    """Validate ``data``, apply ``transforms``, validate again, and record unused keys.

    Args:
        name: the dataset's name, used in errors.
        data: ``x`` (N, F), dense or sparse; ``edge_index`` (2, E); ``y`` (N,) or (N, 1);
            optionally ``edge_weight`` (E,) or (E, 1), or ``edge_attr`` of that shape, and masks
            (N,) or (N, S).
        transforms: PyG transforms, e.g. ``NormalizeFeatures()``.
        fingerprint: hash of a custom graph's files, which its name does not determine.
        transform_seed: seed of the random streams that transforms draw from.
        node_ids: N distinct integers or strings that name the nodes in saved embeddings; 0..N-1 if
            None. They follow the nodes through the transforms.

    Raises:
        DataError: the graph is not valid; the message names the key and the value.

    Example:
        >>> edge_index = torch.tensor([[0, 1], [1, 0]])
        >>> data = Data(x=torch.eye(3), edge_index=edge_index, y=torch.tensor([0, 1, 1]))
        >>> node_dataset("mine", data).num_classes
        2
    """
    dataset = _assemble(name, data, fingerprint)
    ids = None if node_ids is None else unique_ids(name, node_ids, len(dataset.y))
    data, positions = transformed(name, data, transforms, transform_seed)
    if transforms:
        dataset = _assemble(name, data, fingerprint)
    if positions is not None:
        ids = positions if ids is None else _followed(ids, positions)
    return replace(dataset, node_ids=ids, facts=graph_facts(name, data, dataset.graph))


def _followed(node_ids: AnyArray, positions: AnyArray) -> AnyArray:
    """Select the ids at ``positions``; -1 or an empty string for a node that a transform added."""
    added = np.asarray("" if node_ids.dtype.kind == "U" else -1)
    return np.where(positions < 0, added, node_ids[positions])


def _assemble(name: str, data: Data, fingerprint: str | None) -> NodeDataset:
    for key in REQUIRED:
        if data.get(key) is None:
            adjacency = key == "edge_index" and data.get("adj_t") is not None
            hint = ", and adj_t is not read: remove ToSparseTensor" if adjacency else ""
            raise DataError(f"{name}: the graph has no {key}{hint}")
    data.x = plain(name, "x", data.x)  # transforms need a dense one
    x, edge_index = _features(name, data.x), plain(name, "edge_index", data.edge_index)
    _check_edges(name, edge_index, len(x))
    weight = weight_key(data)
    edge_weight = None if weight is None else plain(name, weight, data[weight])
    y = _labels(name, plain(name, "y", data.y), len(x))
    given = {key: plain(name, key, data[key]) for key in MASKS if data.get(key) is not None}
    return NodeDataset(
        name=name,
        graph=Graph(x, edge_index.long(), _weights(name, str(weight), edge_weight, edge_index)),
        y=y,
        num_classes=int(y.max()) + 1,
        fingerprint=fingerprint,
        **_masks(name, given, len(x)),
    )


def _features(name: str, x: Tensor) -> Tensor:
    if x.dim() != 2 or 0 in x.shape:
        raise DataError(f"{name}: x has shape {tuple(x.shape)}, not (nodes, features)")
    return finite(name, "x", x)


def _check_edges(name: str, edge_index: Tensor, num_nodes: int) -> None:
    shape = tuple(edge_index.shape)
    if len(shape) != 2 or shape[0] != 2 or shape[1] == 0:
        raise DataError(f"{name}: edge_index has shape {shape}, not (2, edges)")
    if edge_index.dtype not in WHOLE:
        raise DataError(f"{name}: edge_index is {edge_index.dtype}, not a whole-number type")
    nodes = edge_index.long()
    low, high = (int(bound) for bound in nodes.aminmax())
    if low < 0 or high >= num_nodes:
        index = tuple(((nodes < 0) | (nodes >= num_nodes)).nonzero()[0].tolist())
        raise DataError(
            f"{name}: {entry('edge_index', index)} names node {edge_index[index].item()}, but "
            f"nodes are 0..{num_nodes - 1}"
        )


def _weights(name: str, key: str, weight: Tensor | None, edge_index: Tensor) -> Tensor | None:
    if weight is None:
        return None
    edges = edge_index.size(1)
    if weight.shape not in ((edges,), (edges, 1)):
        raise DataError(
            f"{name}: {key} has shape {tuple(weight.shape)}, not ({edges},), one number per edge"
        )
    return finite(name, key, weight).reshape(edges)


def _labels(name: str, y: Tensor, num_nodes: int) -> Tensor:
    """Convert ``y`` (N,) or (N, 1) to (N,) int64 in 0..C-1."""
    if y.dim() == 2 and len(y) == num_nodes and y.size(1) > 1:
        one_hot = bool(((y != 0).sum(1) == 1).all())
        hint = "; it is one-hot: save y.argmax(1)" if one_hot else ""
        raise DataError(f"{name}: y has shape {tuple(y.shape)}, not one class per node{hint}")
    y = y.squeeze(-1) if y.dim() == 2 else y
    if y.shape != (num_nodes,):
        raise DataError(
            f"{name}: y is {y.dtype} of shape {tuple(y.shape)}, not one class number for each of "
            f"the {num_nodes} nodes"
        )
    y = whole_numbers(name, "y", y)
    unlabelled = int((y < 0).sum())
    if unlabelled:
        raise DataError(f"{name}: {unlabelled} of {num_nodes} nodes have no label (y < 0)")
    classes = torch.unique(y)
    if len(classes) == 1:
        raise DataError(f"{name}: y has one class, {int(classes)}, not 0..C-1 with C > 1")
    if len(classes) != int(classes[-1]) + 1:
        raise DataError(
            f"{name}: y has the {len(classes)} classes {_short(classes)}, not 0..C-1 with C > 1"
        )
    return y


def _short(values: Tensor) -> str:
    listed = ", ".join(str(value) for value in values[:8].tolist())
    return listed + ("..." if len(values) > 8 else "")


def _masks(name: str, given: Mapping[str, Tensor], num_nodes: int) -> dict[str, Any]:
    """Convert the given masks to (N, S) bool; a mask of one column is used for every split."""
    if not given:
        return {}
    if not {"train_mask", "test_mask"} <= given.keys():
        raise DataError(
            f"{name}: the graph has {', '.join(given)} but needs both train_mask and test_mask"
        )
    columns = {key: m[:, None] if m.dim() == 1 else m for key, m in given.items()}
    num_splits = max(mask.size(-1) if mask.dim() else 1 for mask in columns.values())
    for key, mask in columns.items():
        if mask.shape not in ((num_nodes, 1), (num_nodes, num_splits)) or not mask.numel():
            raise DataError(
                f"{name}: {key} has shape {tuple(given[key].shape)}, "
                f"not ({num_nodes},) or ({num_nodes}, {num_splits})"
            )
        columns[key] = booleans(name, key, given[key]).reshape(mask.shape)
        if not columns[key].any(dim=0).all():
            raise DataError(f"{name}: {key} is empty")
    columns = {key: mask.expand(-1, num_splits) for key, mask in columns.items()}
    for first, second in combinations(columns, 2):
        both = int((columns[first] & columns[second]).sum())
        if both:
            raise DataError(f"{name}: {first} and {second} share {both} nodes")
    return columns
