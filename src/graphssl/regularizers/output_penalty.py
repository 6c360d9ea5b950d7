"""Base class of penalties on the outputs of a step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from graphssl.checks import number, one_of
from graphssl.contracts import Penalty, Regularizer, StepOutput
from graphssl.errors import ConfigError
from graphssl.objectives.siamese import in_full_precision

Where = Literal["representation", "embedding"]


@dataclass(eq=False)
class OutputPenalty(Regularizer):
    """``alpha * mean_v value(Z_v)`` over the views v; subclasses define ``value``.

    Args:
        alpha: strength.
        where: the outputs Z, ``"representation"`` (the encoder's) or ``"embedding"`` (the
            projector's or predictor's).

    Raises:
        ConfigError: ``alpha`` is negative or not finite, or ``where`` is unknown; when called: the
            objective has no embeddings, or there is only one row.
    """

    alpha: float = 1e-2
    where: Where = "representation"

    def __post_init__(self) -> None:
        number("alpha", self.alpha, least=0)
        one_of("where", self.where, get_args(Where))

    @abstractmethod
    def value(self, z: Tensor) -> Tensor:
        """Compute the penalty of the rows of one view (R, D), without alpha."""

    def floor(self, z: Tensor) -> float:
        """Return the lower bound of ``value`` at the shape of ``z``."""
        del z
        return 0.0

    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """Compute the penalty of the step's outputs; ``weights`` are not used."""
        del weights
        views = output.representations if self.where == "representation" else output.embeddings
        if not views:
            raise ConfigError(
                f"regularizer {type(self).__name__}: where={self.where!r}, but this objective "
                f"returns no {self.where}s; use regularizer.where=representation"
            )
        if views[0].size(0) < 2:
            raise ConfigError(
                f"regularizer {type(self).__name__} compares rows with each other and needs at "
                f"least two, got {views[0].size(0)}; use a larger graph or batch"
            )
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.alpha > 0):
            value = torch.stack([in_full_precision(self.value, z) for z in views]).mean()
        floor = self.floor(views[0])
        total = self.alpha * value
        return Penalty(total, {self.where: value.detach()}, self.alpha * floor, {self.where: floor})
