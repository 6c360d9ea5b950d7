"""Unordered pairs of nodes: those that an edge joins, and those that none does.

Shapes: N nodes, E edges (each direction counted), P pairs.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphssl.contracts import IntArray
from graphssl.errors import DataError


def undirected_pairs(edge_index: Tensor) -> Tensor:
    """List the pairs of different nodes that an edge joins, each once, smaller id first.

    Args:
        edge_index: (2, E); direction, repeated edges and self-loops do not count.

    Returns:
        (2, P), in ascending order.

    Example:
        >>> undirected_pairs(torch.tensor([[2, 0, 1, 1], [0, 2, 1, 0]])).tolist()
        [[0, 0], [1, 2]]
    """
    low, high = edge_index.amin(dim=0), edge_index.amax(dim=0)
    between = low < high
    pairs: Tensor = torch.unique(torch.stack([low, high])[:, between], dim=1)
    return pairs


def pairs_without_edge(pairs: IntArray, num_nodes: int, count: int, seed: int) -> IntArray:
    """Draw ``count`` different pairs of different nodes that are not among ``pairs``, uniformly.

    All pairs i < j are numbered ``j (j - 1) / 2 + i``. A number r among those that are free is
    turned into a pair by adding the taken numbers below it, so nothing is drawn twice or rejected.

    Args:
        pairs: (2, P), the pairs that are taken, as ``undirected_pairs`` returns them.
        num_nodes: N.
        count: number of pairs to draw.
        seed: seed of the draw.

    Returns:
        (2, count), in random order, smaller id first.

    Raises:
        DataError: fewer than ``count`` pairs are free.

    Example:
        >>> pairs_without_edge(np.array([[0, 0], [1, 2]]), num_nodes=3, count=1, seed=0).tolist()
        [[1], [2]]
    """
    taken = np.sort(pairs[1] * (pairs[1] - 1) // 2 + pairs[0])  # (P,)
    free = num_nodes * (num_nodes - 1) // 2 - len(taken)
    if count > free:
        raise DataError(
            f"{count} pairs of nodes without an edge are needed, but {num_nodes} nodes with "
            f"{len(taken)} pairs joined by edges have {free}"
        )
    drawn = np.random.default_rng(seed).choice(free, count, replace=False)
    # taken[i] - i free numbers lie below taken[i]
    numbers = drawn + np.searchsorted(taken - np.arange(len(taken)), drawn, side="right")
    high = ((1 + np.sqrt(8.0 * numbers + 1)) / 2).astype(np.int64)
    high -= high * (high - 1) // 2 > numbers  # rounding of the root
    high += high * (high + 1) // 2 <= numbers
    return np.stack([numbers - high * (high - 1) // 2, high])
