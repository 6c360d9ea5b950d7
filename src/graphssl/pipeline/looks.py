"""Measurements of a run's network, during training and at its end."""

from __future__ import annotations

from torch import Tensor, nn

from graphssl.contracts import ClassifierObjective
from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.diagnostics.named import TwoViews
from graphssl.diagnostics.neighbourhood import neighbourhood_diagnostics
from graphssl.diagnostics.range_checks import check_statistics
from graphssl.diagnostics.summary import Diagnostics, representation_diagnostics
from graphssl.pipeline.embed import classify, embed
from graphssl.pipeline.prepare import Job
from graphssl.probing.quick import quick_accuracy
from graphssl.seeding import generator
from graphssl.training.spectra import SpectraFile


def views_to_measure(job: Job) -> TwoViews:
    """Make a function that draws pairs of views for measures, from a stream of their own."""
    view, stream = job.data.graph.view(), generator(job.config.seed, "diagnostics", job.device)
    return lambda: job.augmentation(view, stream)


class Looks:
    """Measure the network of a run; what is found at its last step is not measured again.

    Args:
        job: the run.
        spectra: file of the spectra of every layer.
    """

    def __init__(self, job: Job, spectra: SpectraFile) -> None:
        self.job, self.spectra = job, spectra
        self._representation: tuple[int, Tensor, dict[str, float]] | None = None
        self._layers: tuple[int, Diagnostics] | None = None

    def quick(self, objective: nn.Module, step: int) -> dict[str, float]:
        """Measure the representation, and the validation accuracy of classifier or quick probe."""
        embedding, measures = self.representation(objective, step)
        found = dict(measures)
        if self.job.quick_split is not None:
            y = self.job.data.y.cpu().numpy()
            if isinstance(objective, ClassifierObjective):
                logits = classify(objective, self.job.data.graph).float().cpu().numpy()
                predicted = logits[self.job.quick_split.val].argmax(axis=1)
                found["val_accuracy"] = float((predicted == y[self.job.quick_split.val]).mean())
            else:
                rows = embedding.float().cpu().numpy()
                found["val_accuracy"] = quick_accuracy(rows, y, self.job.quick_split)
        return found

    def deep(self, objective: nn.Module, step: int) -> dict[str, float]:
        """Measure every layer and weight, and write the spectra."""
        found = self.layers(objective, step)
        self.spectra.add(step, found.arrays)
        return found.values

    def representation(self, objective: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        """Compute and measure the representation of the original graph after ``step``, (N, D)."""
        if self._representation is None or self._representation[0] != step:
            check_statistics(objective)
            z = embed(objective.encoder, self.job.data.graph)  # type: ignore[arg-type]
            near = neighbourhood_diagnostics(z, self.job.data.graph)
            measures = representation_diagnostics(z).values | near
            # Of a step on the way nothing is kept, since a large graph's (N, D) takes a gigabyte. A
            # look during training multiplies in TF32 where training does, the record does not.
            if step != self.job.last_step or self.job.settings.precision == "tf32":
                return z, measures
            self._representation = step, z, measures
        return self._representation[1:]

    def layers(self, objective: nn.Module, step: int) -> Diagnostics:
        """Measure every layer and weight after ``step``.

        The pair of views is drawn from a separate stream, the same pair each time.
        """
        if self._layers is None or self._layers[0] != step:
            view = self.job.data.graph.view()
            found = collapse_diagnostics(objective, view, views_to_measure(self.job))
            if objective is not self.job.objective:  # a copy, with other statistics
                return found
            self._layers = step, found
        return self._layers[1]
