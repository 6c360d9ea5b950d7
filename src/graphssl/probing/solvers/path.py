"""Logistic regression along the values of C, each started from the minimizers before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log, prod

import torch
from torch import Tensor

from graphssl.probing.solvers.logistic import LogisticObjective
from graphssl.probing.solvers.newton import minimize


def minimize_along(
    problem: LogisticObjective, C: Sequence[float], W: Tensor, tolerance: float
) -> Tensor:
    """The minimizers (T, K, C, R) for ``C``, K increasing values, from ``W`` at the smallest.

    They lie on a smooth curve over log C, so each starts where the parabola through the last three
    ends. A cubic takes more iterations: it magnifies what the tolerance leaves open.
    """
    found: list[Tensor] = []
    for k, c in enumerate(C):
        last = range(max(0, k - 3), k)
        if k:
            W = torch.stack([_weight(C, last, i, c) * found[i] for i in last]).sum(0)
        found.append(minimize(replace(problem, C=c), W, tolerance))
    return torch.stack(found, 1)


def _weight(C: Sequence[float], nodes: Sequence[int], i: int, at: float) -> float:
    """Lagrange's, of node i of the polynomial in log C that is evaluated at ``at``."""
    return prod(log(at / C[j]) / log(C[i] / C[j]) for j in nodes if j != i)
