"""Selection of the weights that a run keeps."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn


class Selection:
    """Keep the weights of the last step, or those with the largest value of an evaluated metric.

    Args:
        metric: ``"last"``, or the name of an evaluated metric (larger is better; among equal values
            the earliest is kept).

    Attributes:
        best: the largest value so far; None before the first.
        step: the step at which it was found; None before the first.
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
        """Load the selected weights into ``objective``."""
        if self._objective is not None:
            objective.load_state_dict(self._objective)

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"best": self.best, "step": self.step, "objective": self._objective}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore the state of a checkpoint."""
        self.best, self.step, self._objective = state["best"], state["step"], state["objective"]
