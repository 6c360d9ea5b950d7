"""A valid custom graph: a path of four nodes with every optional array."""

from __future__ import annotations

from typing import Any

import numpy as np

ARRAYS: dict[str, Any] = {
    "x": np.arange(8, dtype="f4").reshape(4, 2),
    "edge_index": np.array([[0, 1, 2], [1, 2, 3]]),
    "y": np.array([0, 1, 0, 1]),
    "edge_weight": np.array([0.5, 1.0, 2.0]),
    "train_mask": np.array([1, 1, 0, 0], dtype=bool),
    "test_mask": np.array([0, 0, 1, 1], dtype=bool),
}
