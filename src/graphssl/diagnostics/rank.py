"""Measures of the rank of a singular spectrum ``s``, (K,), descending and non-negative.

Ranks are 0 for a spectrum of zeros; a measure without a finite value is NaN or infinite.
"""

from __future__ import annotations

import math

import numpy as np

from graphssl.diagnostics.spectrum import Spectrum

NUMERICAL_RANK_RTOL = 1e-5  # above the noise of float32 outputs and of the float64 Gram matrix
RANKME_EPS = 1e-7  # the paper's, for float32
POWER_LAW_RANKS = (4, 100)  # first and last rank of the fit, as in the code of alpha-ReQ


def numerical_rank(s: Spectrum, rtol: float = NUMERICAL_RANK_RTOL) -> int:
    """Count the singular values that exceed ``rtol`` times the largest.

    Example:
        >>> numerical_rank(np.array([2.0, 1.0, 1e-6]))
        2
    """
    return int((s > rtol * s[0]).sum())


def rankme(s: Spectrum, eps: float = RANKME_EPS) -> float:
    """Compute RankMe, ``exp(-sum_k p_k log p_k)`` with ``p_k = s_k / ||s||_1 + eps``.

    Garrido et al. 2023, arXiv 2210.02885. The paper uses the uncentred matrix. With ``eps = 0`` and
    ``0 log 0 = 0`` it is the effective rank of Roy and Vetterli.

    Example:
        >>> round(rankme(np.ones(4)), 4)
        4.0
    """
    if s[0] == 0:
        return 0.0  # p would be 0 / 0
    p = s / s.sum() + eps  # (K,), a distribution up to eps
    p = p[p > 0]  # 0 log 0 = 0
    return float(np.exp(-(p * np.log(p)).sum()))


def effective_rank(s: Spectrum) -> float:
    """Compute the effective rank ``exp(entropy of s / ||s||_1)``, from 1 to len(s).

    Roy and Vetterli 2007, EUSIPCO. It is RankMe without the epsilon, which is added to every
    dimension, including empty ones.

    Example:
        >>> round(effective_rank(np.array([1.0, 1.0, 0.0])), 4)
        2.0
    """
    return rankme(s, eps=0.0)


def participation_ratio(s: Spectrum) -> float:
    """Compute the participation ratio ``(sum_k s_k^2)^2 / sum_k s_k^4``, from 1 to len(s).

    It is that of the covariance if the matrix is centred.

    Example:
        >>> participation_ratio(np.array([1.0, 1.0, 0.0]))
        2.0
    """
    if s[0] == 0:
        return 0.0
    eigenvalues = (s / s[0]) ** 2  # (K,), scaled so that fourth powers neither overflow nor vanish
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def power_law_exponent(s: Spectrum, ranks: tuple[int, int] = POWER_LAW_RANKS) -> float:
    """Fit alpha in ``s_k^2 ~ k^-alpha``, the decay of the covariance spectrum.

    alpha-ReQ, NeurIPS 2022. Least squares of ``log s_k^2`` on ``log k``, weighted by ``1 / k``,
    over the positive values of ranks ``ranks[0]`` to ``ranks[1]``, counted from 1; NaN with fewer
    than three.

    Example:
        >>> round(power_law_exponent(1 / np.arange(1, 101)), 4)
        2.0
    """
    k = np.arange(ranks[0], min(ranks[1], int((s > 0).sum())) + 1)  # (R,), the ranks of the fit
    if len(k) < 3:
        return math.nan
    x, y, w = np.log(k), 2 * np.log(s[k - 1]), 1.0 / k  # (R,) each
    # With both centred, the slope of the weighted regression needs no intercept.
    x, y = x - np.average(x, weights=w), y - np.average(y, weights=w)
    return float(-(w * x * y).sum() / (w * x * x).sum())


def spread(s: Spectrum) -> float:
    """Compute the smallest over the largest singular value: 1 if all are equal, 0 if rank is lost.

    Example:
        >>> spread(np.array([4.0, 2.0]))
        0.5
    """
    return float(s[-1] / s[0]) if s[0] > 0 else 0.0


def condition_number(s: Spectrum) -> float:
    """Compute the largest over the smallest singular value; infinite if rank is lost.

    Example:
        >>> condition_number(np.array([4.0, 2.0]))
        2.0
    """
    return 1.0 / spread(s) if spread(s) > 0 else math.inf
