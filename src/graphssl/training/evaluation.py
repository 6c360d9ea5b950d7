"""Evaluate a network during training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from graphssl.training.loop import StepReport
from graphssl.training.metrics import Logger
from graphssl.training.selection import Selection


class Evaluator:
    """An observer that measures the network every ``every`` steps and at the end.

    Args:
        measure: function of objective and step that returns named numbers; it must change neither
            weights nor random streams.
        every: steps between two evaluations.
        loggers: receivers of the numbers.
        selection: if given, it is offered the objective with its numbers.
    """

    def __init__(
        self,
        measure: Callable[[nn.Module, int], dict[str, float]],
        every: int,
        loggers: Sequence[Logger],
        selection: Selection | None = None,
    ) -> None:
        self.measure, self.every = measure, every
        self.loggers, self.selection = loggers, selection

    def __call__(self, report: StepReport) -> None:
        """Evaluate every ``every`` steps, and after the last."""
        if report.step % self.every and report.step != report.total:
            return
        self.look(report.state.objective, report.step)

    def look(self, objective: nn.Module, step: int) -> None:
        """Measure the objective, offer it to the selection and log the numbers."""
        metrics = self.measure(objective, step)
        if self.selection is not None:
            self.selection.offer(objective, metrics, step)
        for logger in self.loggers:
            logger.log(step, metrics)
