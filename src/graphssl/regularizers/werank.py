"""WERank (arXiv 2402.09586): preserve rank by pulling weights towards orthonormal columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from torch import Tensor

from graphssl.checks import one_of
from graphssl.regularizers.gram import Gram, Norm, gram_floor, gram_penalty
from graphssl.regularizers.weight_penalty import WeightPenalty


@dataclass(eq=False)
class WERank(WeightPenalty):
    """``sum_l alpha_l * ||W_l^T W_l - I||_F``, for any loss and any network.

    In a custom training loop::

        werank = WERank(alpha=1e-2)
        loss = loss + werank.penalty(model).total

    Args:
        norm: ``"frobenius"`` as in the paper, or ``"frobenius_squared"``.
        gram: ``"output"`` for W^T W as in the paper, ``"input"`` for W W^T, or ``"smaller"`` for
            the smaller of the two.
        alpha, layers, heads, schedule, schedule_steps, apply: see ``WeightPenalty``.

    Raises:
        ConfigError: norm or gram is unknown; others as in ``WeightPenalty``.

    Example:
        >>> import torch
        >>> penalty = WERank(alpha=0.5).penalty({"lin": 2 * torch.eye(4)})
        >>> penalty.total, penalty.per_layer["lin"]
        (tensor(3.), tensor(6.))
    """

    norm: Norm = "frobenius"
    gram: Gram = "output"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("norm", self.norm, get_args(Norm))
        one_of("gram", self.gram, get_args(Gram))

    def value(self, weight: Tensor) -> Tensor:
        """Compute ``||G - I||`` of one matrix (out, in)."""
        return gram_penalty(weight, self.norm, self.gram)

    def floor(self, weight: Tensor) -> float:
        """Compute the floor, ``sqrt(out - in)`` if out > in, for the paper's norm and gram."""
        return gram_floor(weight, self.norm, self.gram)
