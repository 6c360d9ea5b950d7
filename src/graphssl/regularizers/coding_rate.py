"""The coding rate of representations (Yu et al., MCR^2, arXiv 2006.08558)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from graphssl.checks import number
from graphssl.regularizers.output_penalty import OutputPenalty


def coding_rate(z: Tensor, epsilon: float = 0.5) -> Tensor:
    """Compute ``R = 1/2 log det(I + D / (R epsilon^2) Z^T Z)``, each row scaled to length 1.

    Args:
        z: Z, (R rows, D).
        epsilon: distortion up to which rows are encoded.

    Returns:
        Scalar, from about ``1/2 log(1 + D / epsilon^2)`` if all rows point one way to
        ``D/2 log(1 + 1 / epsilon^2)`` if they point in all directions alike.

    Example:
        >>> round(coding_rate(torch.eye(2), epsilon=1.0).item(), 4)  # log 2
        0.6931
    """
    z = torch.nn.functional.normalize(z, dim=1)
    rows, width = z.shape
    identity = torch.eye(width, dtype=z.dtype, device=z.device)
    rate: Tensor = torch.logdet(identity + width / (rows * epsilon**2) * (z.T @ z)) / 2
    return rate


@dataclass(eq=False)
class CodingRate(OutputPenalty):
    """``-alpha * mean_v coding_rate(Z_v)``: rows that fill many directions have a large rate.

    Args:
        alpha, where: see ``OutputPenalty``.
        epsilon: distortion; 0.5 in MCR^2.

    Raises:
        ConfigError: ``epsilon`` is not above 0; others as ``OutputPenalty``.

    Example:
        >>> from graphssl.contracts import StepOutput
        >>> penalty = CodingRate(epsilon=1.0)({}, StepOutput(torch.zeros(()), (torch.eye(2),)))
        >>> round(penalty.per_layer["representation"].item(), 4), round(penalty.floor, 6)
        (-0.6931, -0.006931)
    """

    epsilon: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        number("epsilon", self.epsilon, above=0)

    def value(self, z: Tensor) -> Tensor:
        """Compute minus the coding rate of one view."""
        return -coding_rate(z, self.epsilon)

    def floor(self, z: Tensor) -> float:
        """Return minus the largest rate of this width."""
        return -z.size(1) / 2 * math.log1p(1 / self.epsilon**2)
