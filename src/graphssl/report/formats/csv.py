"""Render the cells of a report as CSV, one line per cell."""

from __future__ import annotations

import pandas as pd

from graphssl.report.build import Report
from graphssl.report.tables.comparison import standing

_COLUMNS = (
    "measure",
    "metric",
    "panel",
    "protocol",
    "protocol_settings",
    "split_seed",
    "selection",
    "row",
    "column",
    "mean",
    "std",
    "seed_std",
    "split_std",
    "runs",
    "seeds",
    "mark",
    "problem",
)


def render_csv(report: Report) -> str:
    """Render every cell of every table, with unrounded numbers."""
    lines = []
    for table in report.tables:
        group = table.group
        for column in table.columns:
            marks = standing(table, column)
            for row in table.rows:
                cell = table.cell(row, column)
                numbers = (
                    (None,) * 4
                    if cell.problem
                    else (cell.mean, cell.std, cell.seed_std, cell.split_std)
                )
                lines.append(
                    (
                        table.value.key,
                        group.metric,
                        table.panel,
                        group.protocol,
                        group.settings,
                        group.split_seed,
                        group.selection,
                        row.label,
                        column,
                        *numbers,
                        len(cell.by_seed),
                        " ".join(map(str, cell.by_seed)),
                        marks.get(row.label, ""),
                        cell.problem,
                    )
                )
    return pd.DataFrame(lines, columns=list(_COLUMNS)).to_csv(index=False)
