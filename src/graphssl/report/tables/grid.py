"""Grids of text, the form of a table that every format takes."""

from __future__ import annotations

from dataclasses import dataclass

from graphssl.report.tables.definition import Definition
from graphssl.report.tables.pivot import Table


@dataclass(frozen=True)
class Text:
    """One field of a grid.

    Attributes:
        text: what it shows.
        mark: ``best``, ``tied`` (not distinguishable from the best), ``floor`` or empty.
        sort: the number to sort by; None sorts by the text.
    """

    text: str
    mark: str = ""
    sort: float | None = None


@dataclass(frozen=True)
class Grid:
    """A titled grid with a caption."""

    title: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


def title(table: Table, definition: Definition) -> str:
    """What the table shows, of which dataset, under which protocol."""
    parts = [
        definition.title,
        str(table.panel) if table.panel is not None else "",
        table.group.protocol,
    ]
    return f"{', '.join(filter(None, parts))}: {table.label}"


def column_header(table: Table, definition: Definition) -> tuple[str, ...]:
    """An empty field above the row labels, then the name of every column."""
    return ("", *(definition.column_label.format(column) for column in table.columns))
