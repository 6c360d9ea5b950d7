"""The files of a report, by format."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from graphssl.errors import ConfigError, DataError
from graphssl.report.build import Report
from graphssl.report.formats.csv import render_csv
from graphssl.report.formats.html import page, render_html
from graphssl.report.formats.latex import latex, render_latex
from graphssl.report.formats.markdown import markdown, render_markdown
from graphssl.report.leaderboard import Leaderboard, board_csv, board_grids

_TEXT: dict[str, tuple[str, Callable[[Report], str]]] = {
    "md": ("md", render_markdown),
    "latex": ("tex", render_latex),
    "csv": ("csv", render_csv),
}
_DRAWN = ("html", "svg", "png")
FORMATS = (*_TEXT, *_DRAWN)


def files(
    report: Report, formats: Sequence[str], figures: Sequence[str] = ()
) -> dict[str, str | bytes]:
    """File name -> content, ``<table>.<ending>`` and ``<table>-<figure>.<ending>``.

    Args:
        report: what to write.
        formats: some of ``FORMATS``; ``html`` writes its figures as SVG too.
        figures: these alone, of ``figures.FIGURES``; all that the runs can fill where empty.

    Raises:
        ConfigError: unknown figure.
        DataError: a figure asked for that the runs cannot fill.
    """
    name = report.definition.name
    contents: dict[str, str | bytes] = {
        f"{name}.{_TEXT[f][0]}": _TEXT[f][1](report) for f in formats if f in _TEXT
    }
    if set(formats) & set(_DRAWN):
        contents |= _drawn(report, formats, figures)
    return contents


def leaderboard_files(leaderboard: Leaderboard, formats: Sequence[str]) -> dict[str, str | bytes]:
    """File name -> content, ``leaderboard.<ending>``.

    Raises:
        ConfigError: a format that only figures have.
    """
    contents: dict[str, str | bytes] = {}
    for name in formats:
        tables, lists = board_grids(leaderboard), leaderboard.lists
        if name == "md":
            contents["leaderboard.md"] = markdown(tables, lists)
        elif name == "latex":
            contents["leaderboard.tex"] = latex(tables, lists)
        elif name == "csv":
            contents["leaderboard.csv"] = board_csv(leaderboard)
        elif name == "html":
            contents["leaderboard.html"] = page("Leaderboard", tables, lists)
        else:
            raise ConfigError(
                f"format={name}: a leaderboard has no figures; there are md, latex, csv, html"
            )
    return contents


def _drawn(report: Report, formats: Sequence[str], names: Sequence[str]) -> dict[str, str | bytes]:
    # matplotlib takes a second to import and is needed here alone.
    from graphssl.report.figures.accuracy import FIGURES, figures
    from graphssl.report.figures.style import png, svg

    for figure in names:
        if figure not in FIGURES:
            raise ConfigError(f"figures={figure}: no such figure; there are {', '.join(FIGURES)}")
    name = report.definition.name
    found = dict(figures(report, names))
    for figure in names:
        if figure not in found:
            raise DataError(f"figures={figure}: the runs of table {name} hold nothing to draw")
    contents: dict[str, str | bytes] = {}
    if {"html", "svg"} & set(formats):
        vector = {key: svg(figure, key) for key, figure in found.items()}
        contents |= {f"{name}-{key}.svg": text for key, text in vector.items()}
        if "html" in formats:
            contents[f"{name}.html"] = render_html(report, list(vector.items()))
    if "png" in formats:
        contents |= {f"{name}-{key}.png": png(figure) for key, figure in found.items()}
    return contents
