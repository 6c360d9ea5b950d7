"""Properties of a graph other than its size, recorded and logged when it is loaded."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data import Data

from graphssl.contracts import IntArray, NodeDataset

log = logging.getLogger(__name__)

MASKS = ("train_mask", "val_mask", "test_mask")
# Keys that are read from a Data. num_nodes matters only if there is no x, whose rows it repeats.
KEYS = ("x", "edge_index", "y", "edge_weight", "edge_attr", *MASKS, "node_id")
_SILENT = (*KEYS, "num_nodes")

# Minimum share of edges without a reverse for a graph to look like an undirected one with each edge
# listed once, where it is nearly 1. Graphs that are meant to be directed mix both kinds of edges.
_LISTED_ONCE = 0.9


def graph_facts(name: str, data: Data, dataset: NodeDataset) -> dict[str, Any]:
    """Collect `edge_counts` and the unused keys of ``data``; log notable facts.

    Returns:
        The counts; ``unlabelled_nodes``; ``edge_weight``, the key from which weights were read, or
        None; ``edge_attr``, how it is used, or None without one; ``keys_not_used``.
    """
    graph = dataset.graph
    facts: dict[str, Any] = dict(edge_counts(graph.edge_index, graph.num_nodes))
    facts["unlabelled_nodes"] = int((~dataset.labelled).sum())
    if 0 < facts["unlabelled_nodes"] < graph.num_nodes:
        log.info(
            "%s: %d of %d nodes have no label: trained on, but in no split",
            name, facts["unlabelled_nodes"], graph.num_nodes,
        )  # fmt: skip
    facts["edge_weight"] = weight_key(data)
    facts["edge_attr"] = None
    if (attributes := data.get("edge_attr")) is not None:
        shape = tuple(getattr(attributes, "shape", ()))
        used = facts["edge_weight"] == "edge_attr"
        facts["edge_attr"] = "edge weights" if used else f"not used: shape {shape}"
        log.info(
            "%s: edge_attr of shape %s %s", name, shape,
            "has one number per edge: used as edge weights" if used else "is not used",
        )  # fmt: skip
    facts["keys_not_used"] = sorted(set(data.keys()) - set(_SILENT))
    log_keys_not_used(name, facts["keys_not_used"])
    _log_direction(name, facts["edges_without_reverse"])
    return facts


def log_keys_not_used(name: str, keys: list[str]) -> None:
    """Log ``keys`` on one line, if there are any."""
    if keys:
        log.info("%s: keys not used: %s", name, ", ".join(keys))


def _log_direction(name: str, share: float) -> None:
    if share >= _LISTED_ONCE:
        log.warning(
            "%s: %.4g %% of the edges have no reverse: messages pass from source to target only; "
            "if the graph is undirected, add the other direction with dataset.transforms="
            "[{_target_: torch_geometric.transforms.ToUndirected}]", name, 100 * share,
        )  # fmt: skip
    elif share > 0:
        log.info("%s: directed, %.4g %% of the edges have no reverse", name, 100 * share)


def weight_key(data: Data) -> str | None:
    """Return the key of ``data`` with one weight per edge, preferring ``edge_weight``; or None."""
    if data.get("edge_weight") is not None:
        return "edge_weight"
    attributes, edges = data.get("edge_attr"), data.edge_index.size(-1)
    one_each = isinstance(attributes, Tensor) and attributes.shape in ((edges,), (edges, 1))
    return "edge_attr" if one_each else None


def edge_counts(edge_index: Tensor, num_nodes: int) -> dict[str, float | int]:
    """Count edges and nodes that a layer may treat otherwise than intended.

    With P the set of distinct pairs (i, j), i != j, that are edges:

    - ``edges_without_reverse``: share of P whose (j, i) is not in P, in [0, 1]; 0 if P is empty
    - ``self_loops``: edges (i, i), repeated ones included
    - ``duplicate_edges``: edges, self-loops included, that repeat an earlier one
    - ``isolated_nodes``: nodes without an edge to or from another node

    Args:
        edge_index: (2, E).
        num_nodes: N, at most 3e9, since a pair is stored as the number i * N + j.

    Example:
        >>> import torch
        >>> edge_counts(torch.tensor([[0, 1, 1], [1, 0, 2]]), num_nodes=4)["isolated_nodes"]
        1
    """
    source, target = edge_index.cpu().numpy()
    between = source != target
    loops = source[~between]
    pairs = _distinct(source[between] * num_nodes + target[between])
    reversed_pairs = np.sort(pairs % num_nodes * num_nodes + pairs // num_nodes)
    both = np.intersect1d(pairs, reversed_pairs, assume_unique=True).size
    touched = np.zeros(num_nodes, dtype=bool)
    touched[source[between]] = touched[target[between]] = True
    return {
        "edges_without_reverse": (pairs.size - both) / max(pairs.size, 1),
        "self_loops": loops.size,
        "duplicate_edges": source.size - pairs.size - _distinct(loops).size,
        "isolated_nodes": int(num_nodes - touched.sum()),
    }


def _distinct(numbers: IntArray) -> IntArray:
    """Return the distinct values of ``numbers``, which are not negative, in ascending order."""
    ordered = np.sort(numbers)
    distinct: IntArray = ordered[np.diff(ordered, prepend=-1) > 0]
    return distinct
