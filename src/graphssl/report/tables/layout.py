"""Lay out tables as grids of text, the same for every format."""

from __future__ import annotations

from collections.abc import Iterator

from graphssl.metric_names import metric_label
from graphssl.report.build import Report
from graphssl.report.document import Document, make_document
from graphssl.report.listing import listing
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.comparison import contrasts, standing
from graphssl.report.tables.definition import Definition
from graphssl.report.tables.grid import Grid, Text, column_header, title
from graphssl.report.tables.pivot import EVERY_PROTOCOL, Table
from graphssl.report.tables.supplements import (
    contrasts_grid,
    published_grid,
    spread_grid,
    tried_grid,
)


def grids(report: Report) -> Iterator[Grid]:
    """Yield each table, followed by its spread by cause, contrasts and published numbers."""
    definition = report.definition
    for table in report.tables:
        planned = contrasts(table, definition)
        yield _main(table, definition)
        yield from _filled(tried_grid(table, definition))
        yield from _filled(spread_grid(table, definition))
        yield from _filled(contrasts_grid(table, planned, definition))
        yield from _filled(published_grid(table, definition))


def report_document(report: Report) -> Document:
    """Return the document of a report."""
    definition = report.definition
    return make_document(
        definition.name, definition.title, report.coverage, grids(report), listing(report)
    )


def caption(table: Table) -> str:
    """Explain the numbers: protocol, spread, number of runs, selection, marks."""
    group = table.group
    kept = f"Encoder kept: {group.selection} (except supervised)."
    if table.tried:
        kept += " Where several settings were tried, the one with the best validation score."
    if not table.scored:
        return f"Mean +- sample std over pretraining seeds (number of runs). {kept}"
    return (
        f"{_protocol(table)} Mean +- sample std over all scores, one per pretraining seed and "
        f"split (number of runs). {kept} Bold: best of its column, supervised excepted; *: not "
        "distinguishable from it, p > 0.05 in a paired t test over common seeds, Holm correction "
        "over the column, or fewer than two common seeds."
    )


def _protocol(table: Table) -> str:
    """Describe the protocol of ``table``, or the metrics of those that are its columns."""
    group = table.group
    if group.protocol == EVERY_PROTOCOL:
        each = table.frame.drop_duplicates(["protocol", "metric"])
        pairs = sorted(zip(each["protocol"], each["metric"], strict=True))
        others = [f"{metric_label(m)} of {p}" for p, m in pairs if m != "accuracy"]
        metrics = ", ".join(["accuracy", *others])
        return f"Every probe protocol scores the same embeddings: {metrics}."
    splits = " or ".join(map(str, table.splits)) + (" split" if table.splits == (1,) else " splits")
    settings = f" ({group.settings})" if group.settings else ""
    used = f"Probe protocol {group.protocol}{settings}, split seed {group.split_seed}"
    return f"{used}, {splits} per run."


def _main(table: Table, definition: Definition) -> Grid:
    marks = {column: standing(table, column) for column in table.columns}
    rows = [
        (
            Text(row.label, "floor" if row.floor else ""),
            *(
                _cell(table.cell(row, column), table.value.digits, marks[column].get(row.label, ""))
                for column in table.columns
            ),
        )
        for row in table.rows
    ]
    return Grid(
        title(table, definition), caption(table), column_header(table, definition), tuple(rows)
    )


def _cell(cell: Cell, digits: int, mark: str) -> Text:
    if cell.problem:
        return Text(cell.problem)
    std = "" if cell.std is None else f" ± {cell.std:.{digits}f}"
    star = " *" if mark == "tied" else ""
    return Text(f"{cell.mean:.{digits}f}{std} ({len(cell.by_seed)}){star}", mark, cell.mean)


def _filled(grid: Grid) -> Iterator[Grid]:
    if grid.rows:
        yield grid
