"""Render grids as LaTeX tables with the booktabs package."""

from __future__ import annotations

from collections.abc import Iterable

from graphssl.report.build import Report
from graphssl.report.listing import Listed, listing
from graphssl.report.tables.grid import Grid, Text
from graphssl.report.tables.layout import grids

_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{char: "\\" + char for char in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "<": r"$<$",
    ">": r"$>$",
    # LaTeX would read a bracket at the start of a row as an option of the preceding line break.
    "[": "{[}",
    "]": "{]}",
    "*": r"$^{*}$",
}

_LONGEST = 40  # characters that fit on a line together with other columns


def render_latex(report: Report) -> str:
    """Render the whole report in LaTeX, with missing runs and problems as comments."""
    return latex(grids(report), listing(report))


def latex(tables: Iterable[Grid], lists: Iterable[Listed]) -> str:
    """Render tables, then lists as comments."""
    blocks = [_table(grid) for grid in tables]
    comments = [
        line
        for heading, items in lists
        for line in (heading, *(f"  {what}  {command}".rstrip() for what, command in items))
    ]
    return "\n".join(["% needs \\usepackage{booktabs}", *blocks, *(f"% {c}" for c in comments), ""])


def _table(grid: Grid) -> str:
    rows = [" & ".join(map(_field, row)) + r" \\" for row in grid.rows]
    columns = list(zip(*([field.text for field in row] for row in grid.rows), strict=True))
    kinds = "".join(_kind(max(map(len, texts))) for texts in columns[1:])
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{_escape(grid.title)}. {_escape(grid.caption)}}}",
            rf"\begin{{tabular}}{{l{kinds}}}",
            r"\toprule",
            " & ".join(map(_escape, grid.header)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )


def _kind(longest: int) -> str:
    """Return the type of a column: right-aligned for numbers, wrapped for sentences."""
    return "r" if longest <= _LONGEST else r"p{0.3\linewidth}"


def _field(field: Text) -> str:
    text = _escape(field.text)
    if field.mark == "best":
        return rf"\textbf{{{text}}}"
    return rf"\textit{{{text}}}" if field.mark == "floor" else text


def _escape(text: str) -> str:
    return "".join(_SPECIAL.get(char, char) for char in text.replace("+-", "±"))
