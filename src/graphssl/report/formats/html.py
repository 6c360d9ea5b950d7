"""Render a report as one HTML file that works offline: sortable tables, inline figures."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from graphssl.report.build import Report
from graphssl.report.document import Document
from graphssl.report.formats.plain import plain
from graphssl.report.tables.grid import Grid, Text
from graphssl.report.tables.layout import report_document

# Fields with more characters than this are wrapped.
_LONG = 40


# A figure: its caption and its ``<svg>`` element.
Drawn = tuple[str, str]


def render_html(report: Report, figures: Sequence[Drawn] = ()) -> str:
    """Render the page, with style, script and figures inlined."""
    return page(report_document(report), figures)


def page(document: Document, figures: Sequence[Drawn] = ()) -> str:
    """Render summary, tables, figures and lists as one page."""
    here = Path(__file__).parent
    name = escape(document.title)
    drawn = [_figure(f"{document.smoke} {caption}".strip(), svg) for caption, svg in figures]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{name}</title>",
            f"<style>{(here / 'page.css').read_text(encoding='utf-8')}</style></head><body><main>",
            f"<h1>{name}</h1>",
            *(f"<p>{escape(line)}</p>" for line in document.summary),
            *map(_grid, document.grids),
            *(["<h2>Figures</h2>", *drawn] if drawn else []),
            *(_list(heading, items) for heading, items in document.lists),
            f"</main><script>{(here / 'page.js').read_text(encoding='utf-8')}</script>",
            "</body></html>\n",
        ]
    )


def _figure(caption: str, svg: str) -> str:
    said = escape(caption)
    return (
        f'<figure><div class="scroll" role="img" aria-label="{said}">{svg}</div>'
        f"<figcaption>{said}</figcaption></figure>"
    )


def _grid(grid: Grid) -> str:
    columns = zip(*grid.rows, strict=True)
    kinds = ["" if any(f.sort is not None for f in column) else "text" for column in columns]
    header = "".join(
        f'<th scope="col"{_class(kind)}><button type="button">{escape(name) or "row"}</button></th>'
        for name, kind in zip(grid.header, kinds, strict=True)
    )
    rows = "".join(f"<tr>{''.join(map(_field, row, kinds))}</tr>" for row in grid.rows)
    return (
        f'<section><h2>{escape(grid.title)}</h2><div class="scroll"><table><thead><tr>{header}'
        f"</tr></thead><tbody>{rows}</tbody></table></div><p>{escape(grid.caption)}</p></section>"
    )


def _field(field: Text, kind: str) -> str:
    sort = "" if field.sort is None else f' data-sort="{field.sort!r}"'
    long = "long" if len(field.text) > _LONG else ""
    return f"<td{_class(field.mark, kind, long)}{sort}>{escape(field.text)}</td>"


def _class(*names: str) -> str:
    return f' class="{said}"' if (said := " ".join(filter(None, names))) else ""


def _list(heading: str, items: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f"<li>{escape(what)}{f'<code>{escape(command)}</code>' if command else ''}</li>"
        for what, command in items
    )
    return f"<section><h2>{escape(heading)}</h2><ul>{lines}</ul></section>"


def escape(text: str) -> str:
    """Escape ``text`` for html, attributes included."""
    return html.escape(plain(text))
