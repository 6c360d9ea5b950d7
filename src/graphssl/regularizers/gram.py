"""Distance of a weight matrix from orthonormal columns, as pure functions.

The paper multiplies from the right, ``X W`` with W (in, out); here ``weight`` is (out, in), as
torch and PyG store it, so that ``W^T W = weight @ weight.T``.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

Norm = Literal["frobenius", "frobenius_squared"]
Gram = Literal["output", "input", "smaller"]


def gram_penalty(weight: Tensor, norm: Norm = "frobenius", gram: Gram = "output") -> Tensor:
    """Compute ``||G - I||_F``, or its square, for a Gram matrix G of W (WERank, arXiv 2402.09586).

    G is ``W^T W`` (``gram="output"``, the paper's), ``W W^T`` (``"input"``) or the smaller of the
    two. In each case only the smaller one, S, is computed: the larger has the same eigenvalues and
    ``|out - in|`` additional zeros, so ``||G - I||_F^2 = ||S - I||_F^2 + |out - in|``.

    Args:
        weight: (out, in).
        norm: ``"frobenius"`` as in the paper, or ``"frobenius_squared"``.
        gram: the Gram matrix, ``"output"``, ``"input"`` or ``"smaller"``.

    Returns:
        Scalar, never below ``gram_floor``. Its gradient is ``4 (S - I) M`` for the square, and half
        of that divided by the penalty for the norm, where M is the weight with its shorter side
        first; it is zero if S = I exactly.

    Example:
        >>> gram_penalty(2 * torch.eye(4))
        tensor(6.)
        >>> gram_penalty(torch.eye(4, 3)), gram_floor(torch.eye(4, 3))
        (tensor(1.), 1.0)
    """
    squared = norm == "frobenius_squared"
    penalty: Tensor = _GramPenalty.apply(weight, _zeros_of_gram(weight, gram), squared)
    return penalty


def gram_floor(weight: Tensor, norm: Norm = "frobenius", gram: Gram = "output") -> float:
    """Compute the lower bound of ``gram_penalty`` for this shape: ``sqrt(out - in)`` if out > in.

    For ``gram="input"`` it is ``sqrt(in - out)`` if in > out; for the squared norm it is the square
    of these. It is 0 for all other shapes and for ``gram="smaller"``.
    """
    zeros = _zeros_of_gram(weight, gram)
    return float(zeros) if norm == "frobenius_squared" else math.sqrt(zeros)


def double_soft_penalty(weight: Tensor) -> Tensor:
    """Compute ``||W^T W - I||_F^2 + ||W W^T - I||_F^2``.

    Bansal et al. 2018, arXiv 1810.09102, eq. 4.

    Args:
        weight: (out, in).

    Returns:
        Scalar; both terms are computed from the smaller Gram matrix.
    """
    return 2.0 * gram_penalty(weight, "frobenius_squared", "smaller") + double_soft_floor(weight)


def double_soft_floor(weight: Tensor) -> float:
    """Compute ``|out - in|``, the number of eigenvalues that the larger Gram matrix lacks."""
    return float(abs(weight.size(0) - weight.size(1)))


def _zeros_of_gram(weight: Tensor, gram: Gram) -> int:
    """Count the eigenvalues of this Gram matrix that are zero for every weight."""
    out_size, in_size = weight.shape
    surplus = {"output": out_size - in_size, "input": in_size - out_size, "smaller": 0}
    return max(surplus[gram], 0)


def _error_and_penalty(weight: Tensor, zeros: int, squared: bool) -> tuple[Tensor, Tensor]:
    """Compute ``S - I``, (m, m) with m = min(out, in), and the penalty, a scalar."""
    short = weight if weight.size(0) <= weight.size(1) else weight.T  # (m, max(out, in))
    # For a nearly orthonormal weight bfloat16 would round S - I to zero.
    with torch.autocast(weight.device.type, enabled=False):
        error = short @ short.T  # S, (m, m)
    error.diagonal().sub_(1.0)  # S - I, in place
    # The eigenvalues that the larger Gram matrix has in addition are 0, each (0 - 1)^2 from I.
    penalty = torch.linalg.vector_norm(error).square() + zeros  # scalar
    return error, penalty if squared else penalty.sqrt()


class _GramPenalty(torch.autograd.Function):
    """Penalty with a closed-form gradient: one product, whereas autograd ignores symmetry: two."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, zeros: int, squared: bool) -> Tensor:
        error, penalty = _error_and_penalty(weight, zeros, squared)
        ctx.save_for_backward(weight, error, penalty)
        ctx.zeros, ctx.squared = zeros, squared
        return penalty

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        weight, error, penalty = ctx.saved_tensors  # (out, in), (m, m), scalar
        if torch.is_grad_enabled():  # create_graph=True: the gradient itself is differentiated
            error, penalty = _error_and_penalty(weight, ctx.zeros, ctx.squared)
        # The norm has no gradient at 0, its minimum; zero is a subgradient there.
        scale = 4.0 * grad if ctx.squared else (2.0 * grad / penalty).where(penalty > 0, 0.0)
        error = scale * error  # (m, m)
        transposed = weight.size(0) > weight.size(1)  # as in _error_and_penalty: m = in
        return (weight @ error if transposed else error @ weight), None, None  # (out, in)
