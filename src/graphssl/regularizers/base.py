"""What a regularizer offers beyond the contract, with the answer of one that does not need it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Self

from torch import Tensor, nn

from graphssl.contracts import Penalty, StepOutput


class BaseRegularizer(ABC):
    """A regularizer whose alpha does not change and that is added to the loss."""

    @abstractmethod
    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """The penalty on ``weights``, name -> (out, in), or on ``output``."""

    def check(self, network: nn.Module) -> None:
        """Raise ``ConfigError`` for a network that does not fit; called once, before training."""
        del network

    def at(self, step: int, total: int) -> Self:
        """The same regularizer with alpha as it is at ``step`` (from 0) of ``total``."""
        del step, total
        return self

    def decoupled_step(self, weights: Mapping[str, Tensor], lr: float | Tensor) -> None:
        """What is not added to the loss: its own step, called before the optimizer's."""
        del weights, lr
