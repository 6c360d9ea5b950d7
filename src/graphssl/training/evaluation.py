"""Looking at the representation while it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from graphssl.graph import Graph
from graphssl.training.embedding import embed
from graphssl.training.loop import StepReport
from graphssl.training.metrics import MetricSink
from graphssl.training.selection import Selection


class Evaluator:
    """An observer that measures the representation every ``every`` steps and at the end.

    Args:
        graph: the untouched graph.
        measure: representation (N, D) -> named numbers; must not draw from torch's streams.
        every: steps between two looks.
        sinks: where the numbers go.
        selection: is offered the encoder with its numbers.
    """

    def __init__(
        self,
        graph: Graph,
        measure: Callable[[Tensor], dict[str, float]],
        every: int,
        sinks: Sequence[MetricSink],
        selection: Selection,
    ) -> None:
        self.graph, self.measure, self.every = graph, measure, every
        self.sinks, self.selection = sinks, selection

    def __call__(self, report: StepReport) -> None:
        """Look when it is time."""
        if report.step % self.every and report.step != report.total:
            return
        encoder = report.state.objective.encoder
        metrics = self.measure(embed(encoder, self.graph))  # type: ignore[arg-type]
        self.selection.offer(encoder, metrics, report.step)  # type: ignore[arg-type]
        for sink in self.sinks:
            sink.log(report.step, metrics)
