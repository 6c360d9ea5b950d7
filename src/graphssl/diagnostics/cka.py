"""Similarity of two representations of the same rows."""

from __future__ import annotations

import math

from torch import Tensor


def linear_cka(x: Tensor, y: Tensor) -> float:
    """Compute ``||Yc^T Xc||_F^2 / (||Xc^T Xc||_F ||Yc^T Yc||_F)``, linear CKA, in float64.

    Xc and Yc have centred columns. The value does not depend on rotations and on the scale of
    either representation. Kornblith et al. 2019, arXiv 1905.00414, eq. 4.

    Args:
        x: (R, D).
        y: (R, D'), the same rows in another layer or of another run.

    Returns:
        A number in [0, 1]; NaN if all rows of either are equal.

    Example:
        >>> import torch
        >>> x = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]])
        >>> round(linear_cka(x, 3 * x.flip(1)), 4)
        1.0
    """
    x, y = _centred(x), _centred(y)
    if x.size(0) < x.size(1) + y.size(1):  # the Gram matrices of the rows are the smaller ones
        kx, ky = x @ x.T, y @ y.T  # (R, R)
        cross, scale = (kx * ky).sum(), kx.norm() * ky.norm()
    else:
        cross, scale = (y.T @ x).square().sum(), (x.T @ x).norm() * (y.T @ y).norm()
    return float(cross / scale) if scale > 0 else math.nan


def _centred(z: Tensor) -> Tensor:
    z = z.detach().double()
    z = z - z.mean(dim=0)
    largest = z.abs().max()
    return z / largest if largest > 0 else z  # so that no fourth power overflows or vanishes
