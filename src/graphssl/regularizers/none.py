"""No regularizer."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from graphssl.contracts import Penalty, StepOutput
from graphssl.regularizers.base import BaseRegularizer


class NoRegularizer(BaseRegularizer):
    """A penalty of zero."""

    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """Zero, and no layer."""
        return Penalty(output.loss.new_zeros(()), {})
