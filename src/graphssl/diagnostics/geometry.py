"""Where the rows of a representation lie: angles, spread, uniformity, alignment."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

_SUBSET_SEED = 0


def mean_pair_cosine(z: Tensor) -> float:
    """Mean cosine over all pairs i != j of rows, in O(N D); NaN for one row.

    ``(||sum_i u_i||^2 - sum_i ||u_i||^2) / (N (N - 1))`` with ``u_i = z_i / ||z_i||``, or 0 for a
    row of zeros. Near 1 when all rows of ``z`` (N, D) point one way, whatever their centred rank.
    """
    z = z.detach()
    norms = torch.linalg.vector_norm(z, dim=1)
    inverse = torch.where(norms > 0, 1.0 / norms, 0.0)
    total = (inverse @ z).double().square().sum().item() - int((norms > 0).sum())
    pairs = z.size(0) * (z.size(0) - 1)
    return total / pairs if pairs else math.nan


def std_per_dimension(z: Tensor) -> Tensor:
    """Standard deviation (unbiased) of every column: (N, D) -> (D,); 0 for one row."""
    return z.detach().std(dim=0, correction=min(1, z.size(0) - 1))


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
    u = normalize(z.double(), dim=1)
    squares = u.square().sum(dim=1)
    distances = (squares[:, None] + squares - 2.0 * (u @ u.T)).clamp_(min=0.0)  # squared
    kernel = distances.mul_(-t).exp_().fill_diagonal_(0.0)
    pairs = z.size(0) * (z.size(0) - 1)
    return math.log(kernel.sum().item() / pairs) if pairs else math.nan


def alignment(z1: Tensor, z2: Tensor, power: float = 2.0) -> float:
    """``mean_i ||u_i - v_i||^power``: how far the two views of a node lie apart, from 0 to 4.

    u and v are the normalised rows of ``z1`` and ``z2`` (N, D). Wang and Isola 2020, eq. 1.
    """
    u, v = (normalize(z.detach(), dim=1) for z in (z1, z2))
    distances = torch.linalg.vector_norm(u - v, dim=1)
    return float(distances.double().pow(power).mean())
