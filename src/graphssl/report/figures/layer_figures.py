"""Figures of collapse, one panel per layer: median over seeds, band from minimum to maximum.

Every row of the table is a line, so that runs without and with a penalty share a panel. The figures
show the first column of the table; ``--filter dataset=cora`` selects another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphssl.report.build import Report
from graphssl.report.figures.curves import Curve, layer_ranks, layer_spectra, weight_spectra
from graphssl.report.figures.series import column_title, series
from graphssl.report.figures.style import LINES, name_shared_axes, one_legend, panels

Read = Callable[[Iterable[str]], dict[str, Curve]]


def rank_per_layer(report: Report) -> Figure | None:
    """Plot the effective rank of every layer's output over training."""

    def finish(panel: Axes) -> None:
        panel.set_xlim(left=0)

    return _draw(report, layer_ranks, ("training step", "effective rank (centred)"), finish)


def spectra_per_layer(report: Report) -> Figure | None:
    """Plot every layer's centred singular values at the last step, divided by the largest."""

    def finish(panel: Axes) -> None:
        panel.set_yscale("log")

    return _draw(report, layer_spectra, ("index", "singular value / largest"), finish)


def spectra_of_weights(report: Report) -> Figure | None:
    """Plot the singular values of every weight, and of products over layers, at the last step."""

    def finish(panel: Axes) -> None:
        # All singular values of a matrix with orthonormal columns or rows are 1.
        panel.axhline(1.0, color="#808080", linewidth=0.8, zorder=0)
        panel.set_ylim(0, max(panel.get_ylim()[1], 1.1))

    return _draw(report, weight_spectra, ("index", "singular value"), finish)


def _draw(
    report: Report, read: Read, labels: tuple[str, str], finish: Callable[[Axes], None]
) -> Figure | None:
    table = report.tables[0]
    column = table.columns[0]
    found = {
        row.label: curves
        for row in table.rows
        # Raw features have no layers.
        if row.match.get("objective") != "raw"
        and (curves := read(table.cell(row, column).folders.values()))
    }
    layers = _in_order(dict.fromkeys(layer for curves in found.values() for layer in curves))
    if not layers:
        return None
    figure, axes = panels(layers)
    for panel, layer in zip(axes, layers, strict=True):
        for index, (row, style) in enumerate(series(table)):
            if (curve := found.get(row.label, {}).get(layer)) is not None:
                # Dashes tell coinciding lines apart.
                line = LINES[index % len(LINES)]
                _band(panel, curve, {**style, "marker": "", "linestyle": line})
        finish(panel)
    name_shared_axes(figure, *labels)
    one_legend(figure, axes, column_title(report, table, column))
    return figure


def _in_order(layers: Iterable[str]) -> list[str]:
    """Sort layers as they follow each other, with whole networks and products last."""
    last = ("representation", "embedding")
    return sorted(layers, key=lambda layer: layer in last or layer.endswith("/product"))


def _band(panel: Axes, curve: Curve, style: dict[str, Any]) -> None:
    # A singular value of 0 has no place on a logarithmic axis.
    median, low, high = (np.where(v > 0, v, np.nan) for v in (curve.median, *curve.range))
    panel.plot(curve.x, median, **style)
    panel.fill_between(curve.x, low, high, color=style["color"], alpha=0.2, lw=0)
