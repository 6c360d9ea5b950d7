"""Where the rows of a representation lie: angles, spread, uniformity, alignment."""

from __future__ import annotations

import math

import torch
from torch import Tensor

_SUBSET_SEED = 0


def unit_rows(z: Tensor) -> Tensor:
    """Rows of ``z`` (N, D) divided by their Euclidean lengths; rows of zeros stay zeros.

    Each row is first divided by its largest entry, so that no square overflows or vanishes: exact
    to rounding over the whole range of the floating-point type.
    """
    z = z.detach()
    largest = z.abs().amax(dim=1, keepdim=True)
    z = z / torch.where(largest > 0, largest, 1.0)
    unit: Tensor = z / torch.linalg.vector_norm(z, dim=1, keepdim=True).clamp_min(1.0)
    return unit


def mean_pair_cosine(z: Tensor) -> float:
    """Mean cosine over all pairs i != j of rows, in O(N D); NaN for one row.

    ``(||sum_i u_i||^2 - sum_i ||u_i||^2) / (N (N - 1))`` with ``u_i = z_i / ||z_i||``, or 0 for a
    row of zeros. Near 1 when all rows of ``z`` (N, D) point one way, whatever their centred rank.
    """
    u = unit_rows(z)
    total = u.sum(dim=0).double().square().sum().item() - int(u.any(dim=1).sum())
    pairs = z.size(0) * (z.size(0) - 1)
    return total / pairs if pairs else math.nan


def std_per_dimension(z: Tensor) -> Tensor:
    """Standard deviation (unbiased) of every column: (N, D) -> (D,); 0 for one row."""
    z = z.detach()
    largest = z.abs().amax(dim=0)
    scale = torch.where(largest > 0, largest, 1.0)  # so that no square overflows or vanishes
    return scale * (z / scale).std(dim=0, correction=min(1, z.size(0) - 1))


def uniformity(z: Tensor, t: float = 2.0, max_rows: int = 1024) -> float:
    """``log mean_{i<j} exp(-t ||u_i - u_j||^2)`` (Wang and Isola 2020, arXiv 2005.10242, eq. 2).

    u are the rows of ``z`` (N, D) normalised. 0 where all are the same, near -2t where they are
    spread out; NaN for one row. Of more than ``max_rows`` rows a fixed random subset is taken, the
    same each time for the same N.
    """
    z = z.detach()
    if z.size(0) > max_rows:
        chooser = torch.Generator().manual_seed(_SUBSET_SEED)
        z = z[torch.randperm(z.size(0), generator=chooser)[:max_rows].to(z.device)]
    u = unit_rows(z.double())
    squares = u.square().sum(dim=1)
    distances = (squares[:, None] + squares - 2.0 * (u @ u.T)).clamp_(min=0.0)  # squared
    kernel = distances.mul_(-t).exp_().fill_diagonal_(0.0)
    pairs = z.size(0) * (z.size(0) - 1)
    return math.log(kernel.sum().item() / pairs) if pairs else math.nan


def alignment(z1: Tensor, z2: Tensor, power: float = 2.0) -> float:
    """``mean_i ||u_i - v_i||^power``: how far the two views of a node lie apart, from 0 to 4.

    u and v are the normalised rows of ``z1`` and ``z2`` (N, D). Wang and Isola 2020, eq. 1.
    """
    u, v = unit_rows(z1), unit_rows(z2)
    distances = torch.linalg.vector_norm(u - v, dim=1)
    return float(distances.double().pow(power).mean())
