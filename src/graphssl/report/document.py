"""A report before it has a format: grids, lists, and what stands above them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from graphssl.report.coverage import Coverage
from graphssl.report.listing import Listed
from graphssl.report.tables.grid import Grid


@dataclass(frozen=True)
class Document:
    """What every format writes.

    Attributes:
        name: of its files.
        title: above everything.
        summary: one line each: how many runs were read and shown, what the numbers are not.
        grids: tables.
        lists: headings with lines: a description, and the command that fixes it.
        smoke: stands in the caption of every grid and figure; empty where there is nothing to say.
    """

    name: str
    title: str
    summary: tuple[str, ...]
    grids: tuple[Grid, ...]
    lists: tuple[Listed, ...]
    smoke: str


def make_document(
    name: str, title: str, coverage: Coverage, grids: Iterable[Grid], lists: Iterable[Listed]
) -> Document:
    """Put together a document; its grids say whether they are evidence."""
    smoke = coverage.smoke
    return Document(
        name,
        title,
        (f"{coverage}.", *([smoke] if smoke else [])),
        tuple(replace(grid, caption=f"{smoke} {grid.caption}".strip()) for grid in grids),
        tuple(lists),
        smoke,
    )
