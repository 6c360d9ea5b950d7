"""Seeded block models in time and memory O(N + E), never O(N^2)."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from graphssl.contracts import IntArray

FloatMatrix = npt.NDArray[np.float64]


def balanced_labels(num_nodes: int, num_classes: int, rng: np.random.Generator) -> IntArray:
    """Draw classes (N,) in random order, with sizes that differ by at most 1.

    Example:
        >>> np.bincount(balanced_labels(5, 2, np.random.default_rng(0))).tolist()
        [3, 2]
    """
    return rng.permutation(np.arange(num_nodes, dtype=np.int64) % num_classes)


def block_model_edges(
    y: IntArray, probabilities: FloatMatrix, rng: np.random.Generator
) -> IntArray:
    """Draw the edges of a stochastic block model, independently for every pair i < j.

    ``P[(i, j) in E] = probabilities[y_i, y_j]``. For each pair of blocks the number of edges is
    drawn (binomial), then that many distinct pairs of nodes (uniform), which gives the same
    distribution.

    Args:
        y: block of every node, (N,).
        probabilities: symmetric (C, C), in [0, 1].
        rng: generator, the only source of randomness.

    Returns:
        ``edge_index`` (2, E), both directions, sorted, without self-loops or duplicates.

    Source: Holland, Laskey & Leinhardt 1983.
    """
    blocks = [np.flatnonzero(y == block) for block in range(len(probabilities))]
    chosen = []
    for a, b in combinations_with_replacement(range(len(blocks)), 2):
        n, m = len(blocks[a]), len(blocks[b])
        num_pairs = n * (n - 1) // 2 if a == b else n * m
        count = int(rng.binomial(num_pairs, probabilities[a, b]))
        if count:
            pairs = rng.choice(num_pairs, count, replace=False, shuffle=False)
            row, column = _triangle(pairs) if a == b else np.divmod(pairs, m)
            chosen.append(np.stack([blocks[a][row], blocks[b][column]]))
    edges = np.concatenate([np.empty((2, 0), dtype=np.int64), *chosen], axis=1)
    # sorting one number per edge is several times faster than a lexicographic sort of pairs
    keys = np.concatenate([edges[0] * len(y) + edges[1], edges[1] * len(y) + edges[0]])
    keys.sort()
    return np.stack(np.divmod(keys, len(y)))


def _triangle(pairs: IntArray) -> tuple[IntArray, IntArray]:
    """Compute (row, column), column < row, of entries numbered row by row below the diagonal."""
    row = ((1 + np.sqrt(1 + 8 * pairs.astype(np.float64))) / 2).astype(np.int64)
    # the square root may round to the neighbouring row
    row -= row * (row - 1) // 2 > pairs
    row += row * (row + 1) // 2 <= pairs
    return row, pairs - row * (row - 1) // 2
