"""Figures of scores and ranks, drawn from the cells of a report's tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from graphssl.report.build import Report
from graphssl.report.figures.curves import evaluation_curve
from graphssl.report.figures.series import column_title, series
from graphssl.report.figures.style import GREY, LINES, label, look, name_axes, one_legend, panels
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.pivot import Row, Table
from graphssl.report.tables.published import differences
from graphssl.report.tables.supplements import network, published_cells

_RANK = "representation/effective_rank_centred"
_RANK_LABEL = "effective rank (centred)"
_QUICK_LABEL = "quick validation accuracy (%)"

# A published accuracy: its label, mean and std in %; std is None if none was published.
Level = tuple[str, float, float | None]


def rank_over_training(report: Report) -> Figure | None:
    """Plot effective rank at every evaluation: mean and range over seeds."""
    return _over_training(report, report.tables[0], "effective_rank_centred", _RANK_LABEL)


def accuracy_over_training(report: Report) -> Figure | None:
    """Plot the quick probe's accuracy on validation nodes at every evaluation.

    Horizontal lines show published test accuracies of the same kind of encoder and probe.
    """
    table = _scored_table(report)
    if table is None:
        return None
    levels: dict[Any, list[Level]] = {}
    for row, column, dataset, entry in published_cells(table, report.definition):
        cell = table.cell(row, column)
        if not cell.problem and not differences(
            entry, dataset, table.group.protocol, network(table, cell)
        ):
            found = (f"published, test: {entry.method}", *entry.accuracy[dataset])
            levels.setdefault(column, []).append(found)
    return _over_training(report, table, "val_accuracy", _QUICK_LABEL, 100, levels)


def _over_training(
    report: Report,
    table: Table,
    key: str,
    measure: str,
    scale: float = 1,
    levels: Mapping[Any, Sequence[Level]] | None = None,
) -> Figure | None:
    curves = {
        (row.label, column): curve
        for row, column, cell in _cells(table)
        if (curve := evaluation_curve(list(cell.folders.values()), key)) is not None
    }
    columns = [c for c in table.columns if any((row.label, c) in curves for row in table.rows)]
    if not columns:
        return None
    figure, axes = panels([column_title(report, table, column) for column in columns])
    for panel, column in zip(axes, columns, strict=True):
        for row, style in series(table):
            if (found := curves.get((row.label, column))) is None:
                continue
            panel.plot(found.x, scale * found.mean, **{**style, "marker": ""})
            low, high = (scale * bound for bound in found.range)
            panel.fill_between(found.x, low, high, color=style["color"], alpha=0.2, lw=0)
        for index, (name, mean, std) in enumerate((levels or {}).get(column, ())):
            panel.axhline(mean, label=label(name), color=GREY, linestyle=LINES[index + 1])
            panel.axhspan(mean - (std or 0), mean + (std or 0), color=GREY, alpha=0.2, lw=0)
        name_axes(panel, "training step", measure)
    one_legend(figure, axes)
    return figure


def accuracy_against_rank(report: Report) -> Figure | None:
    """Plot mean score over splits against effective rank, one point per run."""
    table = _scored_table(report)
    if table is None or _RANK not in table.frame:
        return None
    ranks = table.frame.dropna(subset=[_RANK]).set_index("folder")[_RANK].to_dict()
    figure, axes = panels([column_title(report, table, column) for column in table.columns])
    for panel, column in zip(axes, table.columns, strict=True):
        for row, style in series(table):
            cell = table.cell(row, column)
            found = [(ranks.get(cell.folders[s]), cell.by_seed[s]) for s in cell.by_seed]
            points = [(rank, accuracy) for rank, accuracy in found if rank is not None]
            # Raw features have the rank of the data, which would squeeze all other points.
            if points and row.match.get("objective") != "raw":
                x, y = zip(*points, strict=True)
                panel.plot(x, y, alpha=0.8, **{**style, "linestyle": ""})
        name_axes(panel, _RANK_LABEL, table.label)
    one_legend(figure, axes)
    return figure


def accuracy_against_strength(report: Report) -> Figure | None:
    """Plot score against strength of augmentation; bands show one std between seeds."""
    if report.definition.columns != "augmentation.strength":
        return None
    tables = [t for t in report.tables if t.scored and len(t.columns) > 1]
    if not tables:
        return None
    figure, axes = panels(
        [" ".join(filter(None, (str(t.panel), t.group.protocol))) for t in tables]
    )
    for panel, table in zip(axes, tables, strict=True):
        for row, style in series(table):
            found = {float(c): table.cell(row, c) for c in table.columns}
            _band(panel, found, {**style, "marker": ""} if row.floor else style)
        name_axes(panel, "strength of augmentation", table.label)
    one_legend(figure, axes)
    return figure


def alpha_sweep(report: Report) -> Figure | None:
    """Plot score against alpha; bands show one std between seeds.

    Horizontal lines show the rows without alpha.
    """
    table = _scored_table(report)
    if table is None:
        return None
    sweep = [row for row in table.rows if row.spec.by == ("regularizer.alpha",)]
    if len(sweep) < 2:
        return None
    levels = [row for row, _ in series(table) if not row.spec.by]
    figure, axes = panels([column_title(report, table, column) for column in table.columns])
    for panel, column in zip(axes, table.columns, strict=True):
        found = {float(row.by[0]): table.cell(row, column) for row in sweep}
        _band(panel, found, {**look(0), "label": "WERank"})
        for index, row in enumerate(levels, start=1):
            if not (cell := table.cell(row, column)).problem:
                colour = look(index)["color"]
                panel.axhline(cell.mean, label=label(row.label), color=colour, linestyle="--")
        panel.set_xscale("symlog" if 0.0 in found else "log")
        name_axes(panel, "alpha", table.label)
    one_legend(figure, axes)
    return figure


def _band(panel: Axes, cells: Mapping[float, Cell], style: dict[str, Any]) -> None:
    filled = {x: cell for x, cell in sorted(cells.items()) if not cell.problem}
    if not filled:
        return
    x = list(filled)
    mean = np.array([cell.mean for cell in filled.values()])
    std = np.array([cell.seed_std or 0.0 for cell in filled.values()])
    panel.plot(x, mean, **style)
    panel.fill_between(x, mean - std, mean + std, color=style["color"], alpha=0.15, lw=0)


def _cells(table: Table) -> Iterator[tuple[Row, Any, Cell]]:
    for row in table.rows:
        for column in table.columns:
            yield row, column, table.cell(row, column)


def _scored_table(report: Report) -> Table | None:
    return next((table for table in report.tables if table.scored), None)
