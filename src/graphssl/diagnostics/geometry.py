"""Geometry of the rows of a representation: angles, spread, uniformity, alignment."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_SUBSET_SEED = 0


def unit_rows(z: Tensor) -> Tensor:
    """Divide the rows of ``z`` (N, D) by their Euclidean lengths; rows of zeros stay zeros.

    Each row is first divided by its largest entry, so that no square overflows or vanishes: exact
    to rounding over the whole range of the floating-point type.

    Example:
        >>> unit_rows(torch.tensor([[3.0, 0.0], [0.0, 0.0]])).tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    z = z.detach()
    largest = z.abs().amax(dim=1, keepdim=True)  # (N, 1)
    z = z / torch.where(largest > 0, largest, 1.0)
    unit: Tensor = z / torch.linalg.vector_norm(z, dim=1, keepdim=True).clamp_min(1.0)
    return unit


def mean_pair_cosine(z: Tensor) -> float:
    """Compute the mean cosine over all pairs i != j of rows, in O(N D); NaN for one row.

    ``(||sum_i u_i||^2 - sum_i ||u_i||^2) / (N (N - 1))`` with ``u_i = z_i / ||z_i||``, or 0 for a
    row of zeros. It is near 1 when all rows point the same way, whatever their centred rank.

    Args:
        z: (N, D).

    Returns:
        A number in [-1 / (N - 1), 1].

    Example:
        >>> mean_pair_cosine(torch.tensor([[1.0, 0.0], [2.0, 0.0]]))
        1.0
        >>> mean_pair_cosine(torch.tensor([[1.0, 0.0], [0.0, 3.0]]))
        0.0
    """
    u = unit_rows(z)
    # A zero row has length 0 in the second sum, so only rows that are not zero are counted.
    total = u.sum(dim=0).double().square().sum().item() - int(u.any(dim=1).sum())
    pairs = z.size(0) * (z.size(0) - 1)
    return total / pairs if pairs else math.nan


def std_per_dimension(z: Tensor) -> Tensor:
    """Compute the unbiased standard deviation of every column: (N, D) -> (D,); 0 for one row.

    Example:
        >>> std_per_dimension(torch.tensor([[0.0, 1.0], [2.0, 1.0]]))
        tensor([1.4142, 0.0000])
    """
    z = z.detach()
    largest = z.abs().amax(dim=0)
    scale = torch.where(largest > 0, largest, 1.0)  # so that no square overflows or vanishes
    return scale * (z / scale).std(dim=0, correction=min(1, z.size(0) - 1))


def uniformity(z: Tensor, t: float = 2.0, max_rows: int = 1024) -> float:
    """Compute ``log mean_{i<j} exp(-t ||u_i - u_j||^2)`` with ``u_i = z_i / ||z_i||``.

    Wang and Isola 2020, arXiv 2005.10242, eq. 2.

    Args:
        z: (N, D).
        t: inverse width of the kernel.
        max_rows: if there are more rows than this, a random subset of this size is used, which is
            the same each time for the same N.

    Returns:
        0 if all rows point the same way, near -2t if they are spread out; NaN for one row.

    Example:
        >>> uniformity(torch.ones(4, 2))
        0.0
        >>> uniformity(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        -4.0
    """
    z = z.detach()
    if z.size(0) > max_rows:
        chooser = torch.Generator().manual_seed(_SUBSET_SEED)
        z = z[torch.randperm(z.size(0), generator=chooser)[:max_rows].to(z.device)]
    u = unit_rows(z.double())
    squares = u.square().sum(dim=1)  # (N,)
    distances = (squares[:, None] + squares - 2.0 * (u @ u.T)).clamp_(min=0.0)  # squared, (N, N)
    kernel = distances.mul_(-t).exp_().fill_diagonal_(0.0)
    pairs = z.size(0) * (z.size(0) - 1)
    return math.log(kernel.sum().item() / pairs) if pairs else math.nan


def alignment(z1: Tensor, z2: Tensor, power: float = 2.0) -> float:
    """Compute ``mean_i ||u_i - v_i||^power``, the mean distance between the two views of a node.

    u and v are the normalised rows of ``z1`` and ``z2`` (N, D). The value is in [0, 2^power], in
    [0, 4] by default. Wang and Isola 2020, arXiv 2005.10242, eq. 1.

    Example:
        >>> alignment(torch.eye(2), -torch.eye(2))
        4.0
    """
    u, v = unit_rows(z1), unit_rows(z2)
    distances = torch.linalg.vector_norm(u - v, dim=1)  # (N,)
    return float(distances.double().pow(power).mean())
