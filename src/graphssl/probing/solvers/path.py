"""Logistic regression along increasing values of C, each started from previous minimizers."""

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
    """Compute the minimizers (T, K, C, R) for K increasing ``C``, starting at ``W`` (T, C, R).

    They lie on a smooth curve over log C, so each starts from the extrapolation of the parabola
    through the last three. A cubic would take more iterations, since it magnifies the remaining
    error.
    """
    found: list[Tensor] = []
    for k, c in enumerate(C):
        last = range(max(0, k - 3), k)
        if k:
            W = torch.stack([_weight(C, last, i, c) * found[i] for i in last]).sum(0)
        found.append(minimize(replace(problem, C=c), W, tolerance))
    return torch.stack(found, 1)  # (T, K, C, R)


def _weight(C: Sequence[float], nodes: Sequence[int], i: int, at: float) -> float:
    """Compute Lagrange's weight of node i for the polynomial in log C evaluated at ``at``."""
    return prod(log(at / C[j]) / log(C[i] / C[j]) for j in nodes if j != i)
