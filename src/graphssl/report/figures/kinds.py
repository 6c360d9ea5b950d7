"""The kinds of figures, with their captions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from graphssl.report.build import Report
from graphssl.report.figures.accuracy import (
    accuracy_against_rank,
    accuracy_against_strength,
    accuracy_over_training,
    alpha_sweep,
    rank_over_training,
)
from graphssl.report.figures.layer_figures import (
    rank_per_layer,
    spectra_of_weights,
    spectra_per_layer,
)
from graphssl.report.figures.style import styled


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes:
        draw: None where the report's runs hold nothing to draw.
        caption: how to read it.
    """

    draw: Callable[[Report], Figure | None]
    caption: str

    def __call__(self, report: Report) -> Figure | None:
        """Draw the figure in the style of all figures."""
        with styled():
            return self.draw(report)


FIGURES: Mapping[str, Kind] = {
    "rank": Kind(
        rank_over_training,
        "Rank over training: mean over seeds, band from the least to the largest.",
    ),
    "accuracy": Kind(
        accuracy_over_training,
        "Accuracy of the quick probe on validation nodes over training: mean over seeds, band from "
        "the least to the largest. Level lines: published accuracy on test nodes.",
    ),
    "accuracy-rank": Kind(
        accuracy_against_rank, "Score against rank: one point per run; raw features left out."
    ),
    "strength": Kind(
        accuracy_against_strength,
        "Score against strength of augmentation: band of one std between seeds.",
    ),
    "alpha": Kind(alpha_sweep, "Score against alpha: band of one std between seeds."),
    "layers": Kind(
        rank_per_layer,
        "Rank of every layer over training: median over seeds, band from the least to the largest.",
    ),
    "spectra": Kind(
        spectra_per_layer,
        "Spectra of every layer at the last step: centred singular values over the largest.",
    ),
    "weights": Kind(
        spectra_of_weights,
        "Singular values of every weight and of products over layers at the last step.",
    ),
}


def figures(report: Report, names: Iterable[str] = ()) -> Iterator[tuple[str, Figure]]:
    """Yield name and figure for each of ``names``, by default all, for which there are data."""
    for name in (names or FIGURES) if report.tables else ():
        figure = FIGURES[name](report)
        if figure is not None:
            yield name, figure
