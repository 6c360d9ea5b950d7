"""Render grids as Markdown pipe tables."""

from __future__ import annotations

from collections.abc import Iterable

from graphssl.report.build import Report
from graphssl.report.listing import Listed, listing
from graphssl.report.tables.grid import Grid, Text
from graphssl.report.tables.layout import grids


def render_markdown(report: Report) -> str:
    """Render the whole report in Markdown."""
    return markdown(grids(report), listing(report))


def markdown(tables: Iterable[Grid], lists: Iterable[Listed]) -> str:
    """Render tables, then lists, in Markdown."""
    blocks = []
    for grid in tables:
        header = "| " + " | ".join(map(_escape, grid.header)) + " |"
        # Align text left and numbers right.
        rule = "|---|" + "---:|" * (len(grid.header) - 1)
        rows = ["| " + " | ".join(map(_field, row)) + " |" for row in grid.rows]
        blocks += [f"## {grid.title}", "\n".join([header, rule, *rows]), grid.caption]
    for heading, items in lists:
        lines = [f"- {what}" + (f": `{command}`" if command else "") for what, command in items]
        blocks += [f"## {heading}", "\n".join(lines)]
    return "\n\n".join(blocks) + "\n"


def _field(field: Text) -> str:
    text = _escape(field.text)
    if field.mark == "best":
        return f"**{text}**"
    return f"*{text}*" if field.mark == "floor" else text


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("*", "\\*").replace("\n", " ")
