"""PReLU with one slope, computed by faster leaky-ReLU kernels on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

# Number of entries that fit into a core's cache together with their intermediate results.
_PART = 2**17


class PReLU(nn.PReLU):
    """``max(0, x) + a min(0, x)`` with one learned ``a``, as ``torch.nn.PReLU`` computes it.

    On a CPU torch's own kernel reduces the slope's gradient element by element; a leaky ReLU and
    one dot product give the same numbers in a fraction of the time. Other devices use torch's own
    kernel, since reading the slope would synchronise a GPU.

    Args:
        init: initial slope a.

    Example:
        >>> PReLU(init=0.5)(torch.tensor([[-2.0, 2.0]])).tolist()
        [[-1.0, 2.0]]
    """

    def __init__(self, init: float = 0.25) -> None:
        super().__init__(1, init)

    def forward(self, input: Tensor) -> Tensor:
        """Apply the activation: (N, D) -> (N, D)."""
        if input.device.type != "cpu":
            return super().forward(input)
        out: Tensor = _OneSlope.apply(input, self.weight)
        return out


class _OneSlope(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return nn.functional.leaky_relu(x, slope.item())

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        grad_x = torch.ops.aten.leaky_relu_backward(grad, x, slope.item(), False)
        parts = zip(grad.flatten().split(_PART), x.flatten().split(_PART), strict=True)
        grad_slope = sum((torch.dot(g, x.clamp(max=0)) for g, x in parts), slope.new_zeros(()))
        return grad_x, grad_slope.reshape(slope.shape)
