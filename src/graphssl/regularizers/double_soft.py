"""Double soft orthogonality (Bansal et al. 2018, arXiv 1810.09102, section 3.2)."""

from __future__ import annotations

from torch import Tensor

from graphssl.regularizers.gram import double_soft_floor, double_soft_penalty
from graphssl.regularizers.weight_penalty import WeightPenalty


class DoubleSoft(WeightPenalty):
    """``sum_l alpha_l * (||W_l^T W_l - I||_F^2 + ||W_l W_l^T - I||_F^2)``, added to the loss."""

    def value(self, weight: Tensor) -> Tensor:
        """Both terms of one matrix (out, in)."""
        return double_soft_penalty(weight)

    def floor(self, weight: Tensor) -> float:
        """``|out - in|``."""
        return double_soft_floor(weight)
