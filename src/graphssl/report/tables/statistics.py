"""Paired comparisons over pretraining seeds, and spreads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

# With five pairs the smallest two-sided p of a signed-rank test is 2 / 2^5 = 0.0625.
WILCOXON_SEEDS = 6


@dataclass(frozen=True)
class Comparison:
    """``a`` against ``b`` on their common seeds.

    Attributes:
        seeds: number of common seeds n.
        difference: mean of a - b.
        low: lower end of the 95 % t interval of the difference.
        high: its upper end.
        p: two-sided p of the paired t test.
        p_wilcoxon: two-sided exact p of the signed-rank test; None with fewer than six seeds.
        p_holm: ``p`` after Holm's correction over the family; None before the correction.
    """

    seeds: int
    difference: float
    low: float
    high: float
    p: float
    p_wilcoxon: float | None
    p_holm: float | None = None


def compare(a: Mapping[int, float], b: Mapping[int, float]) -> Comparison | None:
    """Compare two mappings seed -> score by a paired t test; None below two common seeds.

    ``t = mean(d) / (s_d / sqrt(n))`` with n - 1 degrees of freedom. A score is the mean over
    splits: seeds are independent, splits share nodes and are not. If all differences are equal, the
    interval has width 0.
    """
    common = sorted(a.keys() & b.keys())
    if len(common) < 2:
        return None
    d = np.array([a[seed] - b[seed] for seed in common])
    n, mean = len(d), float(d.mean())
    error = float(d.std(ddof=1)) / math.sqrt(n)
    if error > 1e-12:
        p = float(2 * stats.t.sf(abs(mean) / error, n - 1))
    else:
        p = 1.0 if abs(mean) < 1e-12 else 0.0
    half = float(stats.t.ppf(0.975, n - 1)) * error
    wilcoxon = signed_rank_p(d) if n >= WILCOXON_SEEDS else None
    return Comparison(n, mean, mean - half, mean + half, p, wilcoxon)


def signed_rank_p(differences: Sequence[float] | np.ndarray) -> float:
    """Compute the two-sided exact p of Wilcoxon's signed-rank test.

    Zeros are dropped and ties get their mean rank. The distribution of the sum of positive ranks
    over all 2^n signs is computed by convolution; ranks are doubled so that mean ranks are whole.
    """
    d = np.asarray(differences, dtype=float)
    d = d[d != 0]
    # Differences that differ only by rounding are tied.
    doubled = np.rint(2 * stats.rankdata(np.round(np.abs(d), 10))).astype(int)
    ways = np.ones(1)
    for rank in doubled:
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    positive = int(doubled[d > 0].sum())
    least = min(positive, int(doubled.sum()) - positive)
    return float(min(1.0, 2 * ways[: least + 1].sum() / ways.sum()))


def holm(p: Sequence[float]) -> list[float]:
    """Apply Holm's step-down correction: the i-th smallest of m times m - i + 1, made monotone."""
    corrected = [0.0] * len(p)
    running = 0.0
    for done, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        running = max(running, min(1.0, (len(p) - done) * p[index]))
        corrected[index] = running
    return corrected


def with_holm(family: Sequence[Comparison | None]) -> list[Comparison | None]:
    """Set ``p_holm`` of every comparison in ``family``; None entries stay None."""
    corrected = iter(holm([c.p for c in family if c is not None]))
    return [None if c is None else replace(c, p_holm=next(corrected)) for c in family]


def spread(values: Sequence[float]) -> float | None:
    """Compute the sample std (n - 1); None for fewer than two values."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None
