"""Selection of the weights that a run keeps."""

from __future__ import annotations

import copy
from typing import Any

from torch import nn

from graphssl.training.loop import StepReport


class Selection:
    """Keep the weights of the last step, of the lowest loss, or of the best evaluated metric.

    Args:
        metric: ``"last"``, ``"loss"``, or the name of an evaluated metric (larger is better); among
            equal values the earliest is kept.

    Attributes:
        best: the best value so far; None before the first.
        step: the step at which it was found; None before the first.
    """

    def __init__(self, metric: str) -> None:
        self.metric = metric
        self.best: float | None = None
        self.step: int | None = None
        self._objective: dict[str, Any] | None = None

    def offer(self, objective: nn.Module, metrics: dict[str, float], step: int) -> None:
        """Remember ``objective`` if it is the best so far."""
        if self.metric not in ("last", "loss"):
            self.offer_weights(objective.state_dict(), metrics[self.metric], step)

    def offer_weights(self, weights: dict[str, Any], value: float, step: int) -> None:
        """Remember a copy of ``weights`` if ``value`` is the best so far."""
        lower = self.metric == "loss"
        if self.best is None or (value < self.best if lower else value > self.best):
            self.best, self.step = value, step
            self._objective = copy.deepcopy(weights)

    def waited(self, step: int) -> int:
        """Return the number of steps since the best one."""
        return step - (self.step or 0)

    @property
    def after(self) -> int | None:
        """The step after which the selected weights were; None if those of the last are kept."""
        # The loss of a step is that of the weights before its update.
        return self.step - 1 if self.step is not None and self.metric == "loss" else self.step

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


class LowestLoss:
    """Observer that offers the weights of every step for selection by their loss plus penalty.

    The loss of a step belongs to the weights before its update, so those are offered.

    Args:
        selection: the selection to offer the weights to.
        objective: the objective before the next step.
    """

    def __init__(self, selection: Selection, objective: nn.Module) -> None:
        self.selection = selection
        self._before = copy.deepcopy(objective.state_dict())

    def __call__(self, report: StepReport) -> None:
        """Offer the weights with which this step began."""
        loss = (report.loss + report.penalty.total).item()
        self.selection.offer_weights(self._before, loss, report.step)
        self._before = copy.deepcopy(report.state.objective.state_dict())
