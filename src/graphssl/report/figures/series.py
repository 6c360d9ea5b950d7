"""Lines and panels of a figure from the rows and columns of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphssl.report.build import Report
from graphssl.report.figures.style import label, look
from graphssl.report.tables.pivot import Row, Table


def series(table: Table) -> Iterator[tuple[Row, dict[str, Any]]]:
    """Yield each row with its line style and label, methods before floors."""
    for index, row in enumerate(sorted(table.rows, key=lambda row: row.floor)):
        yield row, {**look(index), "label": label(row.label)}


def column_title(report: Report, table: Table, column: Any) -> str:
    """Return the label of ``column``, after the table's panel if there is one."""
    panel = "" if table.panel is None else f"{table.panel} "
    return panel + report.definition.column_label.format(column)
