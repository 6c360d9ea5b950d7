"""Render documents in a terminal: tables that fit its width, shortened lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from graphssl.report.document import Document
from graphssl.report.formats.plain import plain
from graphssl.report.tables.grid import Grid

_ITEMS = 5  # of a list
_STYLES = {"best": "bold", "floor": "italic"}
_BORDERS = 3  # per column: a line, a space on both sides


def show(document: Document, console: Console | None = None) -> None:
    """Print the tables of ``document``, its lists in short, and what was read.

    Args:
        document: what to show.
        console: rich's; by default the terminal, or, where there is none, lines as long as needed.
    """
    console = console or _console()
    said = ""
    for grid in document.grids:
        if not grid.aside:
            console.print(Styled(plain(grid.title), style="bold"))
            for part in _parts(grid, console.width):
                console.print(_table(part))
            if grid.caption != said:
                console.print(Styled(plain(grid.caption), style="dim"))
            console.print()
            said = grid.caption
    hidden = [grid.title.split(",")[0].lower() for grid in document.grids if grid.aside]
    for heading, items in document.lists:
        console.print(Styled(f"{plain(heading)}:", style="bold"))
        for what, command in items[:_ITEMS]:
            # Without line breaks of our own, so that it can be copied.
            console.print(Styled(f"  {plain(what)}"), soft_wrap=True)
            if command:
                console.print(Styled(f"    {plain(command)}", style="cyan"), soft_wrap=True)
        if len(items) > _ITEMS:
            hidden.append(f"{len(items) - _ITEMS} more {plain(heading).lower()}")
            console.print(f"  and {len(items) - _ITEMS} more")
        console.print()
    for line in document.summary:
        console.print(Styled(plain(line), style="bold"))
    if hidden:
        shown = ", ".join(dict.fromkeys(hidden))
        console.print(Styled(f"In files alone (--format md,html): {shown}.", style="dim"))


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_UNBOUNDED)


# Output that is piped has lines as long as needed.
_UNBOUNDED = 10_000


def _table(grid: Grid) -> Table:
    table = Table()
    for index, name in enumerate(grid.header):
        texts = [row[index] for row in grid.rows]
        right = any(text.sort is not None for text in texts)
        table.add_column(
            Styled(plain(name)),
            justify="right" if right else "left",
            no_wrap=False,
            overflow="fold",
        )
    for row in grid.rows:
        table.add_row(*(Styled(plain(f.text), style=_STYLES.get(f.mark, "")) for f in row))
    return table


def _parts(grid: Grid, width: int) -> Iterator[Grid]:
    """Yield ``grid``, or if it is too wide parts of it, each with the columns of labels."""
    wide = [_width(index, grid) + _BORDERS for index in range(len(grid.header))]
    # Long labels leave no room for numbers; then each part has the first of them.
    labels = list(range(grid.labels))
    labels = labels if sum(wide[i] for i in labels) <= width // 2 else labels[:1]
    parts = [labels]
    for index in range(len(labels), len(wide)):
        if len(parts[-1]) > len(labels) and 1 + sum(wide[i] for i in [*parts[-1], index]) > width:
            parts.append(labels)
        parts[-1] = [*parts[-1], index]
    for part in parts:
        header = tuple(grid.header[i] for i in part)
        yield replace(grid, header=header, rows=tuple(tuple(r[i] for i in part) for r in grid.rows))


def _width(index: int, grid: Grid) -> int:
    fields = max((len(plain(row[index].text)) for row in grid.rows), default=0)
    words = max(map(len, plain(grid.header[index]).split() or [""]))
    return max(fields, words)
