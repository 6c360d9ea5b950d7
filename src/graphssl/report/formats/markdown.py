"""Render documents as Markdown with pipe tables."""

from __future__ import annotations

import re

from graphssl.report.build import Report
from graphssl.report.document import Document
from graphssl.report.formats.plain import plain
from graphssl.report.tables.grid import Text
from graphssl.report.tables.layout import report_document

# Markdown's own characters, and html's; an underscore between letters is text anyway.
_SPECIAL = re.compile(r"[\\`*|<~$#]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|&(?=#?\w+;)")


def render_markdown(report: Report) -> str:
    """Render the whole report in Markdown."""
    return markdown(report_document(report))


def markdown(document: Document) -> str:
    """Render summary, tables, then lists, in Markdown."""
    blocks = [escape(line) for line in document.summary]
    for grid in document.grids:
        header = "| " + " | ".join(map(escape, grid.header)) + " |"
        # Align text left and numbers right.
        rule = "|---|" + "---:|" * (len(grid.header) - 1)
        rows = ["| " + " | ".join(map(_field, row)) + " |" for row in grid.rows]
        table = "\n".join([header, rule, *rows])
        blocks += [f"## {escape(grid.title)}", table, escape(grid.caption)]
    for heading, items in document.lists:
        lines = [
            f"- {escape(what)}" + (f": {code(command)}" if command else "")
            for what, command in items
        ]
        blocks += [f"## {escape(heading)}", "\n".join(lines)]
    return "\n\n".join(blocks) + "\n"


def _field(field: Text) -> str:
    text = escape(field.text)
    if field.mark == "best":
        return f"**{text}**"
    return f"*{text}*" if field.mark == "floor" else text


def escape(text: str) -> str:
    r"""Escape ``text`` for Markdown.

    Example:
        >>> escape("a|b *c* <i> amazon_photo")
        'a\\|b \\*c\\* \\<i> amazon_photo'
    """
    return _SPECIAL.sub(r"\\\g<0>", plain(text))


def code(text: str) -> str:
    """Render ``text`` as code, between more backticks than it has in a row."""
    shown = plain(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{space}{shown}{space}{fence}"
