"""Which weights of a run are kept."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn


class Selection:
    """Those of the last step, or those whose encoder has the largest value of an evaluated metric.

    Args:
        metric: ``"last"``, or the name of an evaluated metric (larger is better; the earliest of
            equals is kept).

    Attributes:
        best: the largest value so far; ``step`` where it was found. None where nothing was.
    """

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.best: float | None = None
        self.step: int | None = None
        self._objective: dict[str, Any] | None = None

    def offer(self, objective: nn.Module, metrics: dict[str, float], step: int) -> None:
        """Remember ``objective`` if it is the best so far."""
        if self.metric == "last":
            return
        value = metrics[self.metric]
        if self.best is None or value > self.best:
            self.best, self.step = value, step
            self._objective = copy.deepcopy(objective.state_dict())

    def apply(self, objective: nn.Module) -> None:
        """Put the weights that were selected into ``objective``."""
        if self._objective is not None:
            objective.load_state_dict(self._objective)

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"best": self.best, "step": self.step, "objective": self._objective}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.best, self.step, self._objective = state["best"], state["step"], state["objective"]
