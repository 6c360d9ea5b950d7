"""Positive pairs of AFGRL: near neighbours that are linked or in one cluster."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize


def positive_pairs(
    h: Tensor,
    y: Tensor,
    edge_index: Tensor,
    topk: int,
    clusters: int,
    clusterings: int,
    iterations: int,
) -> Tensor:
    """Find the pairs (i, j), j among the ``topk`` nearest of i, that share an edge or a cluster.

    Args:
        h: online representations, (N, D).
        y: target representations, (N, D), which are clustered.
        edge_index: (2, E); every node also has an edge to itself.
        topk: as ``nearest``.
        clusters: as ``k_means``.
        clusterings: number of runs of k-means.
        iterations: as ``k_means``.

    Returns:
        Rows i and j of every pair, (2, P), in the order of i; (i, i) is among them.
    """
    h, y = normalize(h), normalize(y)
    near = nearest(h, y, topk)  # (N, k)
    nodes = torch.arange(near.size(0), device=near.device)
    ids = nodes.unsqueeze(1) * near.size(0) + near  # (N, k), one number for each pair
    linked = torch.isin(ids, edge_index[0] * near.size(0) + edge_index[1])
    kept = linked | (near == nodes.unsqueeze(1))
    for _ in range(clusterings):
        cluster = k_means(y, clusters, iterations)  # (N,)
        kept |= cluster[near] == cluster.unsqueeze(1)
    i, position = kept.nonzero(as_tuple=True)
    return torch.stack([i, near[i, position]])


def nearest(h: Tensor, y: Tensor, topk: int, block: int = 4096) -> Tensor:
    """Find the rows of ``y`` with the largest products with each row of ``h``, itself first.

    Args:
        h: (N, D).
        y: (N, D).
        topk: k, how many; at most N.
        block: ``block * block`` products are held at a time.

    Returns:
        Ids of rows of ``y``, (N, k).
    """
    total, found = h.size(0), []
    rows = max(1, block * block // total)
    for first in range(0, total, rows):
        products = h[first : first + rows] @ y.T  # (B, N)
        products.diagonal(offset=first).fill_(torch.inf)
        found.append(products.topk(min(topk, total), dim=1).indices)
    return torch.cat(found)


def k_means(y: Tensor, clusters: int, iterations: int) -> Tensor:
    """Assign every row to one of ``clusters`` by Lloyd's algorithm from rows drawn as centres.

    Args:
        y: (N, D).
        clusters: C; at most N.
        iterations: how often centres become the means of their rows; one without rows stays.

    Returns:
        Cluster of every row, (N,).
    """
    drawn = torch.rand(y.size(0), device=y.device).argsort()[:clusters]
    centres = y[drawn]  # (C, D)
    for _ in range(iterations):
        cluster = _closest(y, centres)
        sums = torch.zeros_like(centres).index_add_(0, cluster, y)
        sizes = torch.zeros_like(centres[:, 0]).index_add_(0, cluster, torch.ones_like(y[:, 0]))
        means = sums / sizes.clamp_min(1).unsqueeze(1)
        centres = torch.where(sizes.unsqueeze(1) > 0, means, centres)
    return _closest(y, centres)


def _closest(y: Tensor, centres: Tensor) -> Tensor:
    return (y @ centres.T - centres.square().sum(1) / 2).argmax(dim=1)  # (N,)
