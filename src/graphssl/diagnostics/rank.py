"""Measures of rank of a singular spectrum ``s`` (descending, not negative).

All are 0 for a spectrum of zeros, and what has no finite value is NaN or infinite.
"""

from __future__ import annotations

import math

import numpy as np

from graphssl.diagnostics.spectrum import Spectrum

NUMERICAL_RANK_RTOL = 1e-5  # above the noise of float32 outputs and of the float64 Gram matrix
RANKME_EPS = 1e-7  # the paper's, for float32
POWER_LAW_RANKS = (4, 100)  # first and last rank of the fit, as in the code of alpha-ReQ


def numerical_rank(s: Spectrum, rtol: float = NUMERICAL_RANK_RTOL) -> int:
    """How many singular values exceed ``rtol`` times the largest."""
    return int((s > rtol * s[0]).sum())


def rankme(s: Spectrum, eps: float = RANKME_EPS) -> float:
    """``exp(-sum_k p_k log p_k)`` with ``p_k = s_k / ||s||_1 + eps`` (RankMe, arXiv 2210.02885).

    The paper takes it of the uncentred matrix. With ``eps = 0`` and ``0 log 0 = 0`` it is the
    effective rank of Roy and Vetterli.
    """
    if s[0] == 0:
        return 0.0
    p = s / s.sum() + eps
    p = p[p > 0]
    return float(np.exp(-(p * np.log(p)).sum()))


def effective_rank(s: Spectrum) -> float:
    """``exp(entropy of s / ||s||_1)``, from 1 to len(s) (Roy and Vetterli 2007, EUSIPCO).

    RankMe without its epsilon, which adds to every dimension, the empty ones too.
    """
    return rankme(s, eps=0.0)


def participation_ratio(s: Spectrum) -> float:
    """``(sum_k s_k^2)^2 / sum_k s_k^4``, from 1 to len(s); of the covariance where Z is centred."""
    if s[0] == 0:
        return 0.0
    eigenvalues = (s / s[0]) ** 2
    return float(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())


def power_law_exponent(s: Spectrum, ranks: tuple[int, int] = POWER_LAW_RANKS) -> float:
    """Alpha of ``s_k^2 ~ k^-alpha``, how the covariance spectrum decays (alpha-ReQ, NeurIPS 2022).

    Least squares of ``log s_k^2`` on ``log k``, weighted by ``1 / k``, over the ranks ``ranks[0]``
    to ``ranks[1]`` (both from 1) as far as there are values above 0. NaN with fewer than three.
    """
    k = np.arange(ranks[0], min(ranks[1], int((s > 0).sum())) + 1)
    if len(k) < 3:
        return math.nan
    x, y, w = np.log(k), 2 * np.log(s[k - 1]), 1.0 / k
    x, y = x - np.average(x, weights=w), y - np.average(y, weights=w)
    return float(-(w * x * y).sum() / (w * x * x).sum())


def spread(s: Spectrum) -> float:
    """Smallest over largest singular value: 1 for equal values, 0 when rank is lost."""
    return float(s[-1] / s[0]) if s[0] > 0 else 0.0


def condition_number(s: Spectrum) -> float:
    """Largest over smallest singular value; infinite when rank is lost."""
    return 1.0 / spread(s) if spread(s) > 0 else math.inf
