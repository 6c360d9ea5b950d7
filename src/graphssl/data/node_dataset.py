"""Conversion of PyG's `Data` to a validated `NodeDataset`, the same for every graph."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphssl.checks import whole_number
from graphssl.contracts import AnyArray, NodeDataset
from graphssl.data.facts import MASKS, graph_facts, weight_key
from graphssl.data.hold_out import held_out
from graphssl.data.labels import labels
from graphssl.data.transformed import Transform, transformed
from graphssl.data.values import WHOLE, booleans, entry, finite, plain, unique_ids
from graphssl.errors import DataError
from graphssl.graph import Graph

_SUPPLY_FEATURES = (
    "let a transform supply it, e.g. dataset.transforms=[{_target_: "
    "torch_geometric.transforms.LocalDegreeProfile}] (five numbers of the degrees), Constant, or "
    "OneHotDegree with its max_degree"
)


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
        data: ``x`` (N, F), dense or sparse; ``edge_index`` (2, E); optionally ``y`` (N,) or
            (N, 1), ``edge_weight`` (E,) or (E, 1), or ``edge_attr`` of that shape, and masks
            (N,) or (N, S). Without ``x``, a transform must supply it; ``y`` is negative for a
            node without a label, is (N, C) of 0 and 1 for several labels per node, or is missing.
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
    if not isinstance(data, Data):
        kind = type(data).__name__
        hint = "; use its to_homogeneous()" if kind == "HeteroData" else ""
        raise DataError(f"{name}: the graph is a {kind}, not a torch_geometric Data{hint}")
    _require_edges(name, data)
    data = copy.copy(data)
    supplied = data.get("x") is None and len(transforms) > 0
    num_nodes = _count_nodes(name, data, node_ids) if supplied else None
    dataset = _assemble(name, data, fingerprint, num_nodes)
    ids = None if node_ids is None else unique_ids(name, node_ids, len(dataset.y))
    data, positions = transformed(name, data, transforms, transform_seed)
    if transforms:
        _require_edges(name, data)
        dataset = _assemble(name, data, fingerprint)
    held = held_out(name, data, positions)
    if positions is not None:
        ids = positions if ids is None else _followed(ids, positions)
    facts = graph_facts(name, data, dataset)
    if held is not None:
        facts["held_out_edges"] = held.size(1)
    return replace(dataset, node_ids=ids, held_out_edges=held, facts=facts)


def _followed(node_ids: AnyArray, positions: AnyArray) -> AnyArray:
    """Select the ids at ``positions``; -1 or an empty string for a node that a transform added."""
    added = np.asarray("" if node_ids.dtype.kind == "U" else -1)
    return np.where(positions < 0, added, node_ids[positions])


def _require_edges(name: str, data: Data) -> None:
    if data.get("edge_index") is None:
        adjacency = data.get("adj_t") is not None
        hint = ", and adj_t is not read: remove ToSparseTensor" if adjacency else ""
        raise DataError(f"{name}: the graph has no edge_index{hint}")


def _assemble(
    name: str, data: Data, fingerprint: str | None, num_nodes: int | None = None
) -> NodeDataset:
    """Validate ``data``, whose missing features are an error if ``num_nodes`` is None."""
    if data.get("x") is not None:
        data.x = plain(name, "x", data.x)  # transforms need a dense one
        x = _features(name, data.x)
    elif num_nodes is None:
        raise DataError(f"{name}: the graph has no x; {_SUPPLY_FEATURES}")
    else:
        x = torch.zeros(num_nodes, 0)
    edge_index = plain(name, "edge_index", data.edge_index)
    _check_edges(name, edge_index, len(x))
    weight = weight_key(data)
    edge_weight = None if weight is None else plain(name, weight, data[weight])
    given = None if data.get("y") is None else plain(name, "y", data.y)
    y, num_classes = labels(name, given, len(x))
    masks = {key: plain(name, key, data[key]) for key in MASKS if data.get(key) is not None}
    return NodeDataset(
        name=name,
        graph=Graph(x, edge_index.long(), _weights(name, str(weight), edge_weight, edge_index)),
        y=y,
        num_classes=num_classes,
        fingerprint=fingerprint,
        **_masks(name, masks, len(x)),
    )


def _count_nodes(name: str, data: Data, node_ids: Any) -> int:
    """Return the number of nodes of a graph without features, and set it for its transforms.

    Without ``num_nodes``, that is the length of the first of labels, masks, positions and ids that
    is given, or else one more than the largest node in ``edge_index``.
    """
    if (known := data.get("num_nodes")) is None:
        known = _length(name, data, node_ids)
    elif isinstance(known, Tensor) and known.numel() == 1:
        known = known.item()
    whole_number(f"{name}: num_nodes", known, least=1)
    data.num_nodes = known
    return int(known)


def _length(name: str, data: Data, node_ids: Any) -> int:
    for key in ("y", *MASKS, "pos"):
        if data.get(key) is not None:
            values = plain(name, key, data[key])
            return len(values) if values.dim() else 0
    if node_ids is not None:
        return len(node_ids)
    edges = plain(name, "edge_index", data.edge_index)
    # what else is wrong with the edges is reported when the graph is assembled
    return int(edges.max()) + 1 if edges.numel() and edges.dtype in WHOLE else 1


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
