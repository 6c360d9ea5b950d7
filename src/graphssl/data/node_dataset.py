"""From PyG's `Data` to a validated `NodeDataset`: the one door every graph comes through."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphssl.contracts import AnyArray, NodeDataset
from graphssl.data.transformed import Transform, transformed
from graphssl.errors import DataError
from graphssl.graph import Graph

log = logging.getLogger(__name__)

WHOLE = (
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.uint16, torch.uint32, torch.uint64,
)  # fmt: skip
MASKS = ("train_mask", "val_mask", "test_mask")


def node_dataset(
    name: str,
    data: Data,
    transforms: Sequence[Transform] = (),
    fingerprint: str | None = None,
    transform_seed: int = 0,
    node_ids: AnyArray | None = None,
) -> NodeDataset:
    """Validate ``data``, apply ``transforms``, validate again.

    Args:
        name: the dataset's name, used in errors.
        data: ``x`` (N, F), dense or sparse; ``edge_index`` (2, E); ``y`` (N,) or (N, 1);
            optional ``edge_weight`` (E,) and masks (N,) or (N, S).
        transforms: PyG transforms, e.g. ``NormalizeFeatures()``.
        fingerprint: hash of the files of a graph that its name does not tell: a user's own.
        transform_seed: of the random streams that transforms draw from.
        node_ids: (N,) whole numbers or strings, all different, by which embeddings name the nodes;
            their positions, 0..N-1, if None. They follow the nodes through the transforms.

    Raises:
        DataError: what is wrong with the graph.
    """
    dataset = _assemble(name, data, fingerprint)
    if node_ids is not None:
        _check_ids(name, node_ids, len(dataset.y))
    data, positions = transformed(name, data, transforms, transform_seed)
    if transforms:
        dataset = _assemble(name, data, fingerprint)
    if positions is not None:
        node_ids = positions if node_ids is None else _followed(node_ids, positions)
    return replace(dataset, node_ids=node_ids)


def _check_ids(name: str, ids: AnyArray, num_nodes: int) -> None:
    if ids.shape != (num_nodes,) or ids.dtype.kind not in "iuU":
        raise DataError(
            f"{name}: node_id is {ids.dtype} of shape {ids.shape}, not one whole number or string "
            f"for each of the {num_nodes} nodes"
        )
    values, counts = np.unique(ids, return_counts=True)
    if counts.max() > 1:
        raise DataError(f"{name}: node_id {values[counts.argmax()]!s} names several nodes")


def _followed(node_ids: AnyArray, positions: AnyArray) -> AnyArray:
    """The ids at ``positions``; -1 or an empty string for a node that a transform added."""
    added = np.asarray("" if node_ids.dtype.kind == "U" else -1)
    return np.where(positions < 0, added, node_ids[positions])


def _assemble(name: str, data: Data, fingerprint: str | None) -> NodeDataset:
    if getattr(data.x, "layout", None) != torch.strided and hasattr(data.x, "to_dense"):
        # torch's sparse layouts, or torch_sparse's SparseTensor, which is no Tensor
        log.info("%s: sparse features made dense", name)
        data.x = data.x.to_dense()
    for key in ("x", "edge_index", "y"):
        if not isinstance(getattr(data, key, None), Tensor):
            raise DataError(f"{name}: the graph has no {key}")
    for key in ("edge_weight", *MASKS):
        if data.get(key) is not None and not isinstance(data[key], Tensor):
            raise DataError(f"{name}: {key} is a {type(data[key]).__name__}, not a tensor")
    if data.x.is_complex():
        raise DataError(f"{name}: x is {data.x.dtype}, not real numbers")
    x, y = data.x.detach().float(), data.y.squeeze(-1) if data.y.dim() == 2 else data.y
    weight = data.get("edge_weight")
    weight = None if weight is None else weight.detach().float()
    _check_features(name, x)
    _check_edges(name, data.edge_index, weight, len(x))
    _check_labels(name, y, len(x))
    masks = _masks(name, data, len(x))
    return NodeDataset(
        name=name,
        graph=Graph(x, data.edge_index.long(), weight),
        y=y.long(),
        num_classes=int(y.long().max()) + 1,
        train_mask=masks.get("train_mask"),
        val_mask=masks.get("val_mask"),
        test_mask=masks.get("test_mask"),
        fingerprint=fingerprint,
    )


def _check_features(name: str, x: Tensor) -> None:
    if x.dim() != 2 or 0 in x.shape:
        raise DataError(f"{name}: x has shape {tuple(x.shape)}, not (nodes, features)")
    # a finite sum proves every entry finite, without the memory of an (N, F) mask
    if not torch.isfinite(x.sum()) and len(strange := (~torch.isfinite(x)).nonzero()):
        node, feature = strange[0].tolist()
        raise DataError(f"{name}: x[{node}, {feature}] = {x[node, feature]:g} is not finite")


def _check_edges(name: str, edge_index: Tensor, weight: Tensor | None, num_nodes: int) -> None:
    shape = tuple(edge_index.shape)
    if len(shape) != 2 or shape[0] != 2 or shape[1] == 0:
        raise DataError(f"{name}: edge_index has shape {shape}, not (2, edges)")
    if edge_index.dtype not in WHOLE:
        raise DataError(f"{name}: edge_index is {edge_index.dtype}, not a whole-number type")
    low, high = (int(bound) for bound in edge_index.long().aminmax())
    if low < 0 or high >= num_nodes:
        outside = low if low < 0 else high
        raise DataError(f"{name}: edge_index names node {outside}, nodes are 0..{num_nodes - 1}")
    if weight is not None and (weight.shape != shape[1:] or not torch.isfinite(weight).all()):
        raise DataError(
            f"{name}: edge_weight has shape {tuple(weight.shape)} or a value that is not finite; "
            f"it needs one finite number for each of the {shape[1]} edges"
        )


def _check_labels(name: str, y: Tensor, num_nodes: int) -> None:
    if y.shape != (num_nodes,) or y.dtype not in (*WHOLE, torch.bool):
        raise DataError(
            f"{name}: y is {y.dtype} of shape {tuple(y.shape)}, not one class number for each of "
            f"the {num_nodes} nodes"
        )
    y = y.long()
    unlabelled = int((y < 0).sum())
    if unlabelled:
        raise DataError(f"{name}: {unlabelled} of {num_nodes} nodes have no label (y < 0)")
    classes = torch.unique(y)
    if len(classes) != int(classes[-1]) + 1 or len(classes) == 1:
        raise DataError(
            f"{name}: y has the {len(classes)} classes {_short(classes)}, not 0..C-1 with C > 1"
        )


def _short(values: Tensor) -> str:
    listed = ", ".join(str(value) for value in values[:8].tolist())
    return listed + ("..." if len(values) > 8 else "")


def _masks(name: str, data: Data, num_nodes: int) -> dict[str, Any]:
    """The given splits as (N, S) bool; a mask of one column serves every split."""
    given = {key: data[key] for key in MASKS if data.get(key) is not None}
    if not given:
        return {}
    if not {"train_mask", "test_mask"} <= given.keys():
        raise DataError(f"{name}: has {', '.join(given)} but needs both train_mask and test_mask")
    columns = {key: mask.bool() for key, mask in given.items()}
    columns = {key: m[:, None] if m.dim() == 1 else m for key, m in columns.items()}
    num_splits = max(mask.size(-1) if mask.dim() else 1 for mask in columns.values())
    for key, mask in columns.items():
        if mask.shape not in ((num_nodes, 1), (num_nodes, num_splits)) or not mask.numel():
            raise DataError(
                f"{name}: {key} has shape {tuple(given[key].shape)}, "
                f"not ({num_nodes},) or ({num_nodes}, {num_splits})"
            )
        if not mask.any(dim=0).all():
            raise DataError(f"{name}: {key} is empty")
    columns = {key: mask.expand(-1, num_splits) for key, mask in columns.items()}
    for first, second in combinations(columns, 2):
        both = int((columns[first] & columns[second]).sum())
        if both:
            raise DataError(f"{name}: {first} and {second} share {both} nodes")
    return columns
