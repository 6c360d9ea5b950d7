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
    """Render a report as files ``<table>.<suffix>`` and ``<table>-<figure>.<suffix>``.

    Args:
        report: the report.
        formats: some of ``FORMATS``; ``html`` also writes its figures as SVG files.
        figures: names of figures in ``figures.FIGURES``; if empty, all for which there are data.

    Returns:
        File name -> content.

    Raises:
        ConfigError: a figure is unknown.
        DataError: there are no data for a requested figure.
    """
    name = report.definition.name
    contents: dict[str, str | bytes] = {
        f"{name}.{_TEXT[f][0]}": _TEXT[f][1](report) for f in formats if f in _TEXT
    }
    if set(formats) & set(_DRAWN):
        contents |= _drawn(report, formats, figures)
    return contents


def leaderboard_files(leaderboard: Leaderboard, formats: Sequence[str]) -> dict[str, str | bytes]:
    """Render a leaderboard as files ``leaderboard.<suffix>``: file name -> content.

    Raises:
        ConfigError: a format is for figures only.
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
    # matplotlib takes a second to import and is needed only here.
    from graphssl.report.figures.accuracy import FIGURES, figures
    from graphssl.report.figures.style import png, svg

    for figure in names:
        if figure not in FIGURES:
            raise ConfigError(f"figures={figure}: no such figure; there are {', '.join(FIGURES)}")
    name = report.definition.name
    found = dict(figures(report, names))
    for figure in names:
        if figure not in found:
            raise DataError(f"figures={figure}: the runs of table {name} have no data for it")
    contents: dict[str, str | bytes] = {}
    if {"html", "svg"} & set(formats):
        vector = {key: svg(figure, key) for key, figure in found.items()}
        contents |= {f"{name}-{key}.svg": text for key, text in vector.items()}
        if "html" in formats:
            contents[f"{name}.html"] = render_html(report, list(vector.items()))
    if "png" in formats:
        contents |= {f"{name}-{key}.png": png(figure) for key, figure in found.items()}
    return contents
