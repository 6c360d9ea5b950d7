"""Protocols on the labelled nodes of a graph: no protocol sees a node without a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from graphssl.contracts import (
    AnyArray,
    FloatArray,
    IntArray,
    NodeDataset,
    ProbeProtocol,
    ProbeScores,
    Split,
)


def labelled_nodes(y: AnyArray) -> IntArray:
    """Return the ids of the nodes with a label, ascending; ``y`` is (N,) or (N, C).

    Example:
        >>> labelled_nodes(np.array([1, -1, 0])).tolist()
        [0, 2]
    """
    return np.flatnonzero(y >= 0 if y.ndim == 1 else y[:, 0] >= 0)


def reads_labels(protocol: ProbeProtocol) -> bool:
    """Return whether ``protocol`` has no attribute ``uses_labels`` that is False."""
    return bool(getattr(protocol, "uses_labels", True))


def splits_of(protocol: ProbeProtocol, dataset: NodeDataset, seed: int) -> list[Split]:
    """Return the splits of ``protocol`` among the labelled nodes, as ids of all nodes."""
    nodes = labelled_nodes(dataset.y.numpy(force=True))
    if len(nodes) == len(dataset.y) or not reads_labels(protocol):
        return protocol.splits(dataset, seed)
    masks: dict[str, Any] = {
        key: None if (mask := getattr(dataset, key)) is None else mask[nodes]
        for key in ("train_mask", "val_mask", "test_mask")
    }
    part = replace(dataset, y=dataset.y[nodes], **masks)
    return [Split(*(nodes[ids] for ids in split)) for split in protocol.splits(part, seed)]


def score_labelled(
    protocol: ProbeProtocol,
    embeddings: FloatArray,
    y: AnyArray,
    splits: Sequence[Split],
    seed: int,
) -> ProbeScores:
    """Score the rows of labelled nodes; the arguments are those of ``protocol.score``."""
    nodes = labelled_nodes(y)
    if len(nodes) == len(y) or not reads_labels(protocol):
        return protocol.score(embeddings, y, splits, seed)
    among = [Split(*(np.searchsorted(nodes, ids) for ids in split)) for split in splits]
    return protocol.score(embeddings[nodes], y[nodes], among, seed)
