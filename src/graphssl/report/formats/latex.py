"""Render documents as LaTeX tables with the booktabs package."""

from __future__ import annotations

from graphssl.report.build import Report
from graphssl.report.document import Document
from graphssl.report.formats.plain import plain
from graphssl.report.tables.grid import Grid, Text
from graphssl.report.tables.layout import report_document

_SPECIAL = {
    "\\": r"\textbackslash{}",
    **{char: "\\" + char for char in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"\textbar{}",
    # LaTeX would read a bracket at the start of a row as an option of the preceding line break.
    "[": "{[}",
    "]": "{]}",
    "*": r"$^{*}$",
}

_LONGEST = 40  # characters that fit on a line together with other columns


def render_latex(report: Report) -> str:
    """Render the whole report in LaTeX, with missing runs and problems as comments."""
    return latex(report_document(report))


def latex(document: Document) -> str:
    """Render tables, with the summary before and the lists after them as comments."""
    comments = [
        line
        for heading, items in document.lists
        for line in (heading, *(f"  {what}  {command}" for what, command in items))
    ]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}",
            *map(comment, document.summary),
            *map(_table, document.grids),
            *map(comment, comments),
            "",
        ]
    )


def _table(grid: Grid) -> str:
    rows = [" & ".join(map(_field, row)) + r" \\" for row in grid.rows]
    columns = list(zip(*([field.text for field in row] for row in grid.rows), strict=True))
    kinds = "".join(_kind(max(map(len, texts))) for texts in columns[1:])
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
            rf"\caption{{{escape(grid.title)}. {escape(grid.caption)}}}",
            rf"\begin{{tabular}}{{l{kinds}}}",
            r"\toprule",
            " & ".join(map(escape, grid.header)) + r" \\",
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
    text = escape(field.text)
    if field.mark == "best":
        return rf"\textbf{{{text}}}"
    return rf"\textit{{{text}}}" if field.mark == "floor" else text


def escape(text: str) -> str:
    r"""Escape ``text`` for LaTeX.

    Example:
        >>> escape("a_b 100 % $x$")
        'a\\_b 100 \\% \\$x\\$'
    """
    return "".join(_SPECIAL.get(char, char) for char in plain(text).replace("+-", "±"))


def comment(text: str) -> str:
    """Render ``text`` as a comment, always on one line."""
    indent = "  " if text.startswith("  ") else ""
    return f"% {indent}{plain(text)}".rstrip()
