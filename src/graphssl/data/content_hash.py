"""Hash of a graph's content, which detects changes by a transform, a loader or a file."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from graphssl.contracts import NodeDataset

_CHUNK = 1 << 18  # entries; fits into a cache


def content_hash(data: NodeDataset) -> str:
    """Hash all that training and probes use: features, edges, those held out, labels and masks.

    The hash is the first 16 digits of sha256 over shapes and little-endian entries, floats as
    float32 and integers as int64, so that neither the dtypes in a file nor the machine's byte order
    matters. Every bit of a float does: features that a transform sums in another order differ.

    Most features of a bag of words are zero: a chunk in which fewer than half of the entries are
    nonzero is hashed by their positions and values, in a third of the time of hashing its bytes.
    """
    digest = hashlib.sha256()
    parts: dict[str, tuple[Tensor | None, str]] = {
        "x": (data.graph.x, "<f4"),
        "edge_index": (data.graph.edge_index, "<i8"),
        "edge_weight": (data.graph.edge_weight, "<f4"),
        "y": (data.y, "<i8"),
        "train_mask": (data.train_mask, "?"),
        "val_mask": (data.val_mask, "?"),
        "test_mask": (data.test_mask, "?"),
    }
    if data.held_out_edges is not None:
        parts["held_out_edges"] = (data.held_out_edges, "<i8")
    for name, (tensor, kind) in parts.items():
        shape = None if tensor is None else tuple(tensor.shape)
        digest.update(f"{name} {shape}\n".encode())
        if tensor is not None:
            _add(digest, np.ascontiguousarray(tensor.numpy(force=True), dtype=kind).reshape(-1))
    return digest.hexdigest()[:16]


def _add(digest: Any, entries: npt.NDArray[Any]) -> None:
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]
        where = np.flatnonzero(chunk != 0)
        if sparse := 2 * len(where) < len(chunk):
            digest.update(where.astype("<u4"))
            chunk = chunk[where]
        digest.update(f"{sparse} {len(chunk)}\n".encode())
        digest.update(chunk + 0.0 if chunk.dtype.kind == "f" else chunk)  # -0.0 is 0.0
