"""Newton's method with conjugate gradients on many convex problems at once.

Nocedal and Wright, Algorithm 7.1, preconditioned by the diagonal of the Hessian.

Shapes: T training sets, each a problem with a separate step size and end, C classes, n rows, R
coordinates of a weight vector. Scalars of a problem are (T, 1, 1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from graphssl.probing.solvers.logistic import LogisticObjective

FORCING = 0.01  # share of the predicted decrease at which conjugate gradients may stop
MAX_CONJUGATE = 500
SUFFICIENT_DECREASE = 1e-4  # c of Armijo's rule
MAX_HALVINGS = 30
MAX_STEPS = 100


def minimize(problem: LogisticObjective, W: Tensor, tolerance: float) -> Tensor:
    """Minimize all problems from the starting point ``W``, (T, C, R); return the minimizers.

    A problem ends, and is removed from the computation, when the decrease that its gradient
    predicts (``g . g / h``, where h is the Hessian's diagonal) is below ``tolerance`` of its value,
    or when a step decreases the value by no more than rounding does: 16 machine epsilons (2e-6 in
    float32), since the value is a sum over thousands of nodes. The line search halves the step from
    1 until Armijo's rule holds, with the same slack. Logits are linear in the weights, so that the
    search needs no product.
    """
    slack = 16 * torch.finfo(W.dtype).eps
    result = W.clone()  # (T, C, R), with the T of the start
    left = torch.arange(len(W), device=W.device)  # (T,), indices of the problems that remain
    Z = problem.logits(W)  # (T, C, n)
    f, p = problem.value(W, Z)  # (T, 1, 1), (T, C, n)
    stuck = torch.zeros_like(f, dtype=torch.bool)
    for _ in range(MAX_STEPS):
        g, h = problem.gradient(W, p), problem.hessian_diagonal(p)  # (T, C, R) each
        # Twice the decrease by a step with the Hessian's diagonal in place of the Hessian.
        promise = _dot(g, g / h)  # (T, 1, 1)
        ended = stuck | (promise <= tolerance * f)  # (T, 1, 1)
        if ended.any():
            result[left] = W
            # T shrinks: problems that have ended take part in no further product.
            going = (~ended).flatten().nonzero()[:, 0]  # (T',)
            if not len(going):
                return result
            problem, left = problem.of_sets(going), left[going]
            W, Z, f, p, g, h, promise = (v[going] for v in (W, Z, f, p, g, h, promise))

        enough = torch.maximum(FORCING * promise, tolerance * f)  # (T, 1, 1)
        # (T, C, R) and its logits (T, C, n): the line search below is elementwise.
        direction, Z_direction = _newton_direction(problem, p, g, h, enough)
        slope = _dot(g, direction)  # (T, 1, 1)
        step = torch.ones_like(f)  # (T, 1, 1)
        for _ in range(MAX_HALVINGS):
            W_new = torch.addcmul(W, step, direction)
            Z_new = torch.addcmul(Z, step, Z_direction)
            f_new, p = problem.value(W_new, Z_new)
            # Armijo's rule, (T, 1, 1), negated so that NaN counts as too long.
            too_long = ~(f_new <= f + SUFFICIENT_DECREASE * step * slope + slack * f)
            if not too_long.any():
                break
            step = torch.where(too_long, step / 2, step)
        # A problem whose step gained nothing keeps its weights and ends in the next iteration, so
        # that its Z and f, which belong to the step, are not used again.
        W = torch.where(f_new < f, W_new, W)  # (T, C, R)
        stuck = ~(f_new < f - slack * f)
        Z, f = Z_new, f_new
    result[left] = W
    return result


def _newton_direction(
    problem: LogisticObjective, p: Tensor, g: Tensor, h: Tensor, enough: Tensor
) -> tuple[Tensor, Tensor]:
    """Solve ``Hessian direction = -g`` by conjugate gradients; also return the direction's logits.

    The iteration stops when the residual r predicts a small enough decrease, ``r . r / h <=
    enough``.
    """
    tiny = torch.finfo(g.dtype).tiny
    direction, Z_direction = torch.zeros_like(g), torch.zeros_like(p)  # (T, C, R), (T, C, n)
    r = g.clone()  # the residual Hessian direction + g, (T, C, R)
    toward = g / h  # the preconditioned residual, (T, C, R)
    promise = _dot(r, toward)  # (T, 1, 1)
    v = -toward  # the search direction, (T, C, R)
    for _ in range(MAX_CONJUGATE):
        Z_v = problem.logits(v)  # (T, C, n), one of the two products of an iteration
        H_v = problem.hessian_product(p, v, Z_v)  # (T, C, R), the other one
        # Solved problems take steps of length 0 while the others continue.
        length = torch.where(promise > enough, promise / _dot(v, H_v), 0)  # (T, 1, 1)
        direction.addcmul_(length, v)
        Z_direction.addcmul_(length, Z_v)
        r.addcmul_(length, H_v)
        toward = r / h
        left = _dot(r, toward)  # (T, 1, 1)
        if not (left > enough).any():
            break
        # The next direction is conjugate to v; the clamp keeps solved problems from 0 / 0.
        v = torch.addcmul(-toward, left / promise.clamp_min(tiny), v)  # (T, C, R)
        promise = left
    return direction, Z_direction


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Compute the inner product per problem: (T, C, R), (T, C, R) -> (T, 1, 1)."""
    # A batched matrix product of single rows is 50 times slower in float32 on a CPU.
    return (a * b).sum((1, 2), keepdim=True)
