"""LiDAR: the rank that is left when what differs between views of a row is divided out."""

from __future__ import annotations

import torch
from torch import Tensor

from graphssl.diagnostics.rank import effective_rank

DELTA = 1e-4


def lidar(views: Tensor, delta: float = DELTA) -> float:
    """Compute ``exp(entropy of the eigenvalues of S_w^-1/2 S_b S_w^-1/2)``, divided by their sum.

    With z_iv the row i of view v and m_i its mean over views, ``S_b`` is the covariance of the m_i
    over rows (denominator R - 1) and ``S_w = sum_iv (z_iv - m_i)(z_iv - m_i)^T / (R (q - 1)) +
    delta I``. Thilak et al. 2023, arXiv 2312.04000, eq. 1 to 4, without their epsilon.

    Args:
        views: representations of q >= 2 augmented views, (q, R, D).
        delta: ridge of ``S_w``, in the units of the squared representation.

    Returns:
        A number from 1 to min(D, R - 1); 0 if all rows are equal.

    Example:
        >>> rows = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
        >>> round(lidar(torch.stack([rows, rows])), 4)
        2.0
    """
    views = views.detach().double()
    q, rows, width = views.shape
    means = views.mean(dim=0)  # (R, D)
    between = torch.cov(means.T).reshape(width, width)
    apart = (views - means).flatten(0, 1)  # (qR, D)
    identity = torch.eye(width, dtype=views.dtype, device=views.device)
    within = apart.T @ apart / (rows * (q - 1)) + delta * identity
    root = torch.linalg.cholesky(within)
    # root^-1 S_b root^-T has the eigenvalues of S_w^-1/2 S_b S_w^-1/2
    half = torch.linalg.solve_triangular(root, between, upper=False)
    whitened = torch.linalg.solve_triangular(root, half.T, upper=False)
    eigenvalues = torch.linalg.eigvalsh((whitened + whitened.T) / 2).flip(0)
    return effective_rank(eigenvalues.clamp_min(0).cpu().numpy())
