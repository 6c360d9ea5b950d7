"""Which encoder of a run is kept."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn


class Selection:
    """The last encoder, or the evaluated one with the largest value of a metric.

    Args:
        metric: ``"last"``, or the name of an evaluated metric (larger is better; the earliest of
            equals is kept).
    """

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.best: float | None = None
        self.step: int | None = None
        self._encoder: dict[str, Any] | None = None

    def offer(self, encoder: nn.Module, metrics: dict[str, float], step: int) -> None:
        """Remember ``encoder`` if it is the best so far."""
        if self.metric == "last":
            return
        value = metrics[self.metric]
        if self.best is None or value > self.best:
            self.best, self.step = value, step
            self._encoder = copy.deepcopy(encoder.state_dict())

    def apply(self, encoder: nn.Module) -> None:
        """Put the weights that were selected into ``encoder``."""
        if self._encoder is not None:
            encoder.load_state_dict(self._encoder)

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"best": self.best, "step": self.step, "encoder": self._encoder}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.best, self.step, self._encoder = state["best"], state["step"], state["encoder"]
