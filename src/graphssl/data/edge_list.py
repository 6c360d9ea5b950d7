"""Graphs from an edge list and a node table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from graphssl.contracts import AnyArray
from graphssl.data.facts import MASKS
from graphssl.data.table_file import id_column, natural_ids, number_column, read_table
from graphssl.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_ENDS = ("source", "target")


def read_edge_list(path: Path, node_table: Path | None, ignore: Sequence[str]) -> dict[str, Any]:
    """Read a graph by the keys of `Data`; ``node_id`` is an array of whole numbers or strings.

    Args:
        path: table with a row per edge: ``source``, ``target`` and optionally ``edge_weight``.
        node_table: table with a row per node: ``node_id``; optionally ``y``, a class as a number or
            as text, empty for a node without a label, or several columns ``y_NAME`` of 0 and 1;
            optionally ``train_mask``, ``val_mask`` and ``test_mask``; any other column is a
            feature. If None, the nodes are the ends of the edges, in ascending order.
        ignore: columns of either table to skip.

    Raises:
        DataError: a table cannot be read, a column or value is missing, or an edge names a node
            that is not in the node table.
    """
    edges = read_table(path, _ENDS)
    ends = [id_column(path, edges, column) for column in _ENDS]
    if unknown := sorted(set(map(str, edges)) - {*_ENDS, "edge_weight", *ignore}):
        raise DataError(
            f"{path} has the unknown columns {', '.join(unknown)}; known: source, target, "
            f"edge_weight; rename them, or skip them with dataset.ignore=[{','.join(unknown)}]"
        )
    found: dict[str, Any] = {}
    columns = set(map(str, edges))
    if node_table is None:
        ids = np.unique(np.concatenate(ends))
        ids = ids[np.argsort(natural_ids(ids), kind="stable")]
    else:
        nodes = read_table(node_table, ("node_id",))
        ids = id_column(node_table, nodes, "node_id")
        _require_distinct(node_table, ids)
        columns |= set(map(str, nodes))
        found = _node_values(node_table, nodes.drop(columns=[c for c in ignore if c in nodes]))
    if strange := [column for column in ignore if column not in columns]:
        raise DataError(f"{path} has no column {strange[0]}, which dataset.ignore names")
    rows = [_positions(path, column, e, ids) for column, e in zip(_ENDS, ends, strict=True)]
    found["edge_index"] = torch.from_numpy(np.stack(rows))
    if "edge_weight" in edges and "edge_weight" not in ignore:
        weight = number_column(path, edges, "edge_weight")
        found["edge_weight"] = torch.from_numpy(weight.astype(np.float64))
    return {**found, "node_id": natural_ids(ids)}


def _require_distinct(path: Path, ids: AnyArray) -> None:
    values, counts = np.unique(ids, return_counts=True)
    if len(values) < len(ids):
        raise DataError(
            f"{path}: node_id contains {values[counts.argmax()]} {counts.max()} times, not once"
        )


def _positions(path: Path, column: str, ends: AnyArray, ids: AnyArray) -> AnyArray:
    """Look up each of ``ends`` in ``ids``."""
    import pandas as pd

    found = np.asarray(pd.Index(ids).get_indexer(pd.Index(ends)), dtype=np.int64)
    if (found < 0).any():
        row = int((found < 0).argmax())
        raise DataError(
            f"{path}: {column} in row {row + 1} is {ends[row]}, which is not a node_id of "
            "dataset.node_table"
        )
    return found


def _node_values(path: Path, nodes: pd.DataFrame) -> dict[str, Any]:
    """Split the columns of the node table into labels, masks and features."""
    values: dict[str, AnyArray] = {}
    if "y" in nodes:
        values["y"] = _classes(nodes["y"])
    several = [column for column in map(str, nodes) if column.startswith("y_")]
    if several and "y" not in values:
        values["y"] = np.stack([number_column(path, nodes, column) for column in several], axis=1)
    masks = [column for column in MASKS if column in nodes]
    values |= {column: number_column(path, nodes, column) for column in masks}
    taken = {"node_id", "y", *several, *masks}
    features = [column for column in map(str, nodes) if column not in taken]
    if features:
        columns = [number_column(path, nodes, column) for column in features]
        values["x"] = np.stack(columns, axis=1).astype(np.float32)
    return {key: torch.from_numpy(value) for key, value in values.items()}


def _classes(values: pd.Series[Any]) -> AnyArray:
    """Return class numbers; text becomes its position in the sorted classes, no value -1."""
    if values.dtype.kind in "biuf":
        return np.array(values.fillna(-1))
    return np.array(values.astype("category").cat.codes, dtype=np.int64)
