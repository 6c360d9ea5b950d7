"""L-BFGS on many convex problems at once (Nocedal and Wright, Algorithms 7.4 and 7.5).

Shapes: T training sets, each a problem with its own step size and its own end, C classes,
R coordinates of a weight vector.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import torch
from torch import Tensor

from graphssl.probing.logistic import LogisticObjective

HISTORY = 20
SUFFICIENT_DECREASE = 1e-4
MAX_HALVINGS = 30
MAX_ITER = 1000


class _Pair(NamedTuple):
    s: Tensor  # change of the weights
    y: Tensor  # change of the gradient
    rho: Tensor  # 1 / (s . y), zero where the problem did not move


def minimize(problem: LogisticObjective, W: Tensor, tolerance: float) -> Tensor:
    """The minimizers of all problems, (T, C, R), from the starting point ``W``.

    A problem ends, and leaves the computation, when its gradient promises a decrease (``g . H g``
    with the diagonal H) below ``tolerance`` of its value, or when no step decreases it. Logits are
    linear in the weights, so one product serves a whole line search. The line search halves from 1
    to Armijo's rule with a slack of 16 machine epsilons of the value (2e-6 in float32): sums over
    thousands of nodes round by that much, and without it a search near the optimum never ends.
    """
    slack = 16 * torch.finfo(W.dtype).eps
    result = W.clone()
    left = torch.arange(len(W), device=W.device)
    Z = problem.logits(W)
    f, p = problem.value(W, Z)
    g, H = problem.gradient(W, p)
    ended = torch.zeros_like(f, dtype=torch.bool)
    history: deque[_Pair] = deque(maxlen=HISTORY)
    for _ in range(MAX_ITER):
        ended = ended | (_dot(g, H * g)[:, 0, 0] <= tolerance * f)
        if ended.any():
            result[left] = W
            going = (~ended).nonzero()[:, 0]
            if not len(going):
                return result
            problem, left = problem.of_sets(going), left[going]
            W, Z, f, g, H = (v[going] for v in (W, Z, f, g, H))
            history = deque((_Pair(*(v[going] for v in pair)) for pair in history), HISTORY)

        direction = _direction(g, H, history)
        slope = _dot(g, direction)[:, 0, 0]
        Z_direction = problem.logits(direction)
        step = torch.ones_like(f)
        for _ in range(MAX_HALVINGS):
            W_new = torch.addcmul(W, step[:, None, None], direction)
            Z_new = torch.addcmul(Z, step[:, None, None], Z_direction)
            f_new, p = problem.value(W_new, Z_new)
            too_long = ~(f_new <= f + SUFFICIENT_DECREASE * step * slope + slack * f)
            if not too_long.any():
                break
            step = torch.where(too_long, step / 2, step)
        ended = too_long

        g_new, H = problem.gradient(W_new, p)
        s, y = W_new - W, g_new - g
        curvature = _dot(s, y)
        history.append(_Pair(s, y, torch.where(curvature > 0, 1 / curvature, 0)))
        W, Z, f, g = W_new, Z_new, f_new, g_new
    result[left] = W
    return result


def _direction(g: Tensor, H: Tensor, history: deque[_Pair]) -> Tensor:
    """Minus the quasi-Newton inverse Hessian times the gradient; ``H`` is its first guess."""
    q, alphas = g.clone(), []
    for s, y, rho in reversed(history):
        alphas.append(rho * _dot(s, q))
        q.addcmul_(alphas[-1], y, value=-1)
    q *= H
    if history:
        _, y, rho = history[-1]
        scale = rho * _dot(y, H * y)
        q = torch.where(scale > 0, q / scale, q)
    for (s, y, rho), alpha in zip(history, reversed(alphas), strict=True):
        q.addcmul_(alpha - rho * _dot(y, q), s)
    return q.neg_()


def _dot(a: Tensor, b: Tensor) -> Tensor:
    # Not a batched matrix product of single rows, which is 50 times slower in float32 on a CPU.
    return (a * b).sum((1, 2), keepdim=True)
