"""Newton's method with conjugate gradients on many convex problems at once.

Nocedal and Wright, Algorithm 7.1, preconditioned by the diagonal of the Hessian.

Shapes: T training sets, each a problem with its own step size and end, C classes,
n rows, R coordinates of a weight vector. Scalars of a problem are (T, 1, 1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from graphssl.probing.solvers.logistic import LogisticObjective

FORCING = 0.01  # share of the promised decrease that conjugate gradients may leave
MAX_CONJUGATE = 500
SUFFICIENT_DECREASE = 1e-4
MAX_HALVINGS = 30
MAX_STEPS = 100


def minimize(problem: LogisticObjective, W: Tensor, tolerance: float) -> Tensor:
    """Minimize all problems from the starting point ``W``, (T, C, R); return the minimizers.

    A problem ends, and leaves the computation, when its gradient promises a decrease (``g . g / h``
    with the diagonal h of the Hessian) below ``tolerance`` of its value, or when a step decreases
    it by no more than rounding does: 16 machine epsilons of it (2e-6 in float32), since it is a
    sum over thousands of nodes. The line search halves from 1 to Armijo's rule, with as much slack.
    Logits are linear in the weights, so the search takes no product.
    """
    slack = 16 * torch.finfo(W.dtype).eps
    result = W.clone()
    left = torch.arange(len(W), device=W.device)  # numbers of the problems still computed
    Z = problem.logits(W)  # (T, C, n)
    f, p = problem.value(W, Z)  # (T, 1, 1), (T, C, n)
    stuck = torch.zeros_like(f, dtype=torch.bool)
    for _ in range(MAX_STEPS):
        g, h = problem.gradient(W, p), problem.hessian_diagonal(p)  # (T, C, R) each
        # The decrease that a step with the Hessian's diagonal alone would give, times two.
        promise = _dot(g, g / h)
        ended = stuck | (promise <= tolerance * f)
        if ended.any():
            result[left] = W
            # T shrinks: each problem that has ended leaves all products that follow.
            going = (~ended).flatten().nonzero()[:, 0]
            if not len(going):
                return result
            problem, left = problem.of_sets(going), left[going]
            W, Z, f, p, g, h, promise = (v[going] for v in (W, Z, f, p, g, h, promise))

        enough = torch.maximum(FORCING * promise, tolerance * f)
        # (T, C, R) and its logits (T, C, n): the line search below is element by element.
        direction, Z_direction = _newton_direction(problem, p, g, h, enough)
        slope = _dot(g, direction)  # (T, 1, 1)
        step = torch.ones_like(f)
        for _ in range(MAX_HALVINGS):
            W_new = torch.addcmul(W, step, direction)
            Z_new = torch.addcmul(Z, step, Z_direction)
            f_new, p = problem.value(W_new, Z_new)
            # Armijo's rule, (T, 1, 1); written so that NaN counts as too long.
            too_long = ~(f_new <= f + SUFFICIENT_DECREASE * step * slope + slack * f)
            if not too_long.any():
                break
            step = torch.where(too_long, step / 2, step)
        # A problem whose step gained nothing keeps its weights and ends in the next iteration.
        W = torch.where(f_new < f, W_new, W)
        stuck = ~(f_new < f - slack * f)
        Z, f = Z_new, f_new
    result[left] = W
    return result


def _newton_direction(
    problem: LogisticObjective, p: Tensor, g: Tensor, h: Tensor, enough: Tensor
) -> tuple[Tensor, Tensor]:
    """Solve ``Hessian direction = -g`` by conjugate gradients; also return the direction's logits.

    The iteration stops when the residual r promises little enough, ``r . r / h <= enough``.
    """
    tiny = torch.finfo(g.dtype).tiny
    direction, Z_direction = torch.zeros_like(g), torch.zeros_like(p)
    r = g.clone()
    toward = g / h  # the preconditioned residual, (T, C, R)
    promise = _dot(r, toward)  # (T, 1, 1)
    v = -toward
    for _ in range(MAX_CONJUGATE):
        Z_v = problem.logits(v)  # (T, C, n), one of the two products of an iteration
        H_v = problem.hessian_product(p, v, Z_v)  # (T, C, R), the other one
        # Problems that are solved take steps of length 0 while the others go on.
        length = torch.where(promise > enough, promise / _dot(v, H_v), 0)
        direction.addcmul_(length, v)
        Z_direction.addcmul_(length, Z_v)
        r.addcmul_(length, H_v)
        toward = r / h
        left = _dot(r, toward)
        if not (left > enough).any():
            break
        v = torch.addcmul(-toward, left / promise.clamp_min(tiny), v)
        promise = left
    return direction, Z_direction


def _dot(a: Tensor, b: Tensor) -> Tensor:
    # Not a batched matrix product of single rows, which is 50 times slower in float32 on a CPU.
    return (a * b).sum((1, 2), keepdim=True)
