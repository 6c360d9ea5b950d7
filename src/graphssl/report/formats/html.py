"""Render a report as one HTML file that works offline: sortable tables, inline figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from graphssl.report.build import Report
from graphssl.report.listing import Listed, listing
from graphssl.report.tables.grid import Grid, Text
from graphssl.report.tables.layout import grids

_CAPTIONS = {
    "rank": "Rank over training: mean over seeds, band from minimum to maximum.",
    "accuracy-rank": "Score against rank: one point per run; raw features left out.",
    "strength": "Score against strength of augmentation: band of one std between seeds.",
    "alpha": "Score against alpha: band of one std between seeds.",
    "layers": "Rank of every layer over training: median over seeds, band minimum to maximum.",
    "spectra": "Spectra of every layer: centred singular values over the largest, last step.",
    "weights": "Singular values of every weight and of products over layers, last step.",
}

# Fields with more characters than this are wrapped.
_LONG = 40


def render_html(report: Report, figures: Sequence[tuple[str, str]] = ()) -> str:
    """Render the page, with style, script and figures (name, ``<svg>`` element) inlined."""
    return page(report.definition.title, grids(report), listing(report), figures)


def page(
    heading: str,
    tables: Iterable[Grid],
    lists: Iterable[Listed],
    figures: Sequence[tuple[str, str]] = (),
) -> str:
    """Render tables, figures and lists as one page."""
    here = Path(__file__).parent
    name = escape(heading)
    drawn = [
        f'<figure><div class="scroll" role="img" aria-label="{escape(_CAPTIONS[key])}">'
        f"{figure}</div><figcaption>{escape(_CAPTIONS[key])}</figcaption></figure>"
        for key, figure in figures
    ]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{name}</title>",
            f"<style>{(here / 'page.css').read_text(encoding='utf-8')}</style></head><body><main>",
            f"<h1>{name}</h1>",
            *map(_grid, tables),
            *(["<h2>Figures</h2>", *drawn] if drawn else []),
            *(_list(heading, items) for heading, items in lists),
            f"</main><script>{(here / 'page.js').read_text(encoding='utf-8')}</script>",
            "</body></html>\n",
        ]
    )


def _grid(grid: Grid) -> str:
    header = "".join(
        f'<th scope="col"><button type="button">{escape(name) or "row"}</button></th>'
        for name in grid.header
    )
    rows = "".join(f"<tr>{''.join(map(_field, row))}</tr>" for row in grid.rows)
    return (
        f'<section><h2>{escape(grid.title)}</h2><div class="scroll"><table><thead><tr>{header}'
        f"</tr></thead><tbody>{rows}</tbody></table></div><p>{escape(grid.caption)}</p></section>"
    )


def _field(field: Text) -> str:
    sort = "" if field.sort is None else f' data-sort="{field.sort!r}"'
    style = field.mark or ("long" if len(field.text) > _LONG else "")
    mark = f' class="{style}"' if style else ""
    return f"<td{mark}{sort}>{escape(field.text)}</td>"


def _list(heading: str, items: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f"<li>{escape(what)}{f'<code>{escape(command)}</code>' if command else ''}</li>"
        for what, command in items
    )
    return f"<section><h2>{escape(heading)}</h2><ul>{lines}</ul></section>"
