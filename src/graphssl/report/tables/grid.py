"""Grids of text, the form in which every format takes a table."""

from __future__ import annotations

from dataclasses import dataclass

from graphssl.report.tables.definition import Definition
from graphssl.report.tables.pivot import Table


@dataclass(frozen=True)
class Text:
    """One field of a grid.

    Attributes:
        text: its text.
        mark: ``best``, ``tied`` (not distinguishable from the best), ``floor`` or empty.
        sort: the number to sort by; None sorts by the text.
    """

    text: str
    mark: str = ""
    sort: float | None = None


@dataclass(frozen=True)
class Grid:
    """A titled grid with a caption.

    Attributes:
        labels: number of leading columns that identify a row.
        aside: whether it only adds detail to another grid.
    """

    title: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    labels: int = 1
    aside: bool = False


def title(table: Table, definition: Definition) -> str:
    """Return the table's title, with its dataset, protocol and measure."""
    parts = [
        definition.title,
        str(table.panel) if table.panel is not None else "",
        table.group.protocol,
    ]
    return f"{', '.join(filter(None, parts))}: {table.label}"


def column_header(table: Table, definition: Definition) -> tuple[str, ...]:
    """Return the header: an empty field above the row labels, then the label of every column."""
    return ("", *(definition.column_label.format(column) for column in table.columns))
