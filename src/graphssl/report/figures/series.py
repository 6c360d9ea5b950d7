"""What the lines and panels of a figure stand for: rows and columns of a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphssl.report.build import Report
from graphssl.report.figures.style import look
from graphssl.report.tables.pivot import Row, Table


def series(table: Table) -> Iterator[tuple[Row, dict[str, Any]]]:
    """The rows with their looks, methods before floors."""
    for index, row in enumerate(sorted(table.rows, key=lambda row: row.floor)):
        yield row, look(index)


def column_title(report: Report, table: Table, column: Any) -> str:
    """What ``column`` is called, after the panel that the table is of."""
    panel = "" if table.panel is None else f"{table.panel} "
    return panel + report.definition.column_label.format(column)
