"""Double soft orthogonality (Bansal et al. 2018, arXiv 1810.09102, section 3.2)."""

from __future__ import annotations

from torch import Tensor

from graphssl.regularizers.gram import double_soft_floor, double_soft_penalty
from graphssl.regularizers.weight_penalty import WeightPenalty


class DoubleSoft(WeightPenalty):
    """``sum_l alpha_l * (||W_l^T W_l - I||_F^2 + ||W_l W_l^T - I||_F^2)``, added to the loss.

    Args:
        alpha, layers, heads, schedule, schedule_steps, apply: see ``WeightPenalty``.

    Raises:
        ConfigError: as ``WeightPenalty``.

    Example:
        >>> import torch
        >>> DoubleSoft(alpha=0.5).penalty([2 * torch.eye(2)]).total
        tensor(18.0000)
    """

    def value(self, weight: Tensor) -> Tensor:
        """Compute the sum of both terms for one matrix (out, in)."""
        return double_soft_penalty(weight)

    def floor(self, weight: Tensor) -> float:
        """Compute the lower bound ``|out - in|``."""
        return double_soft_floor(weight)
