"""A cheap probe for monitoring a run; it is not used for any published number."""

from __future__ import annotations

import numpy as np

from graphssl.contracts import FloatArray, IntArray, Split
from graphssl.errors import DataError
from graphssl.probing.solvers.linear import normalized_rows

RIDGE = 1e-3


def quick_accuracy(embeddings: FloatArray, y: IntArray, split: Split) -> float:
    """Compute the validation accuracy of ridge regression to one-hot labels, in [0, 1].

    ``W = (Xc^T Xc + 1e-3 n I)^-1 Xc^T Yc`` on the n training nodes, with L2-normalised rows as in
    the probe protocols, centred columns and a fixed penalty. The closed form involves no randomness
    and takes milliseconds, where logistic regression takes seconds. Test nodes are not used.

    Args:
        embeddings: (N, D).
        y: class of every node, (N,).
        split: the one split of the run.

    Raises:
        DataError: there are no validation nodes, or the embeddings are not finite.
    """
    if not len(split.val):
        raise DataError("quick_accuracy needs validation nodes, but the split has none")
    x, labels = embeddings[split.train], y[split.train]
    x = normalized_rows(x, labels).astype(np.float64, copy=False)
    held = normalized_rows(embeddings[split.val], y[split.val])
    targets = np.eye(int(labels.max()) + 1)[labels]  # (n, C), one-hot
    mean = x.mean(axis=0)
    x = x - mean
    ridge = RIDGE * len(x)
    # With more dimensions than nodes, the dual form is the smaller system. weight is (D, C).
    if x.shape[1] > len(x):
        weight = x.T @ np.linalg.solve(x @ x.T + ridge * np.eye(len(x)), targets - targets.mean(0))
    else:
        weight = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ targets)
    scores = (held - mean) @ weight + targets.mean(axis=0)
    return float((scores.argmax(axis=1) == y[split.val]).mean())
