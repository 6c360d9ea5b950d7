"""The files of a report, by format."""

from __future__ import annotations

from collections.abc import Sequence

from graphssl.errors import ConfigError, DataError
from graphssl.report.build import Report
from graphssl.report.document import Document
from graphssl.report.formats.csv import render_csv
from graphssl.report.formats.html import page
from graphssl.report.formats.latex import latex
from graphssl.report.formats.markdown import markdown
from graphssl.report.leaderboard import Leaderboard, board_csv, board_document
from graphssl.report.tables.layout import report_document

_DRAWN = ("html", "svg", "png")
FORMATS = ("md", "latex", "csv", *_DRAWN)


def document_of(report: Report | Leaderboard) -> Document:
    """Return the document of ``report``, which every format renders."""
    return board_document(report) if isinstance(report, Leaderboard) else report_document(report)


def files(
    report: Report | Leaderboard, formats: Sequence[str], figures: Sequence[str] = ()
) -> dict[str, str | bytes]:
    """Render a report as files ``<table>.<suffix>`` and ``<table>-<figure>.<suffix>``.

    Args:
        report: what to write.
        formats: some of ``FORMATS``; ``html`` writes its figures as SVG too.
        figures: these alone, of ``figures.kinds.FIGURES``; all that the runs can fill where empty.

    Raises:
        ConfigError: a figure is unknown.
        DataError: there are no data for a requested figure.
    """
    document = document_of(report)
    contents: dict[str, str | bytes] = {}
    if "md" in formats:
        contents[f"{document.name}.md"] = markdown(document)
    if "latex" in formats:
        contents[f"{document.name}.tex"] = latex(document)
    if "csv" in formats:
        contents[f"{document.name}.csv"] = (
            board_csv(report) if isinstance(report, Leaderboard) else render_csv(report)
        )
    if set(formats) & set(_DRAWN):
        drawn = report.drawn if isinstance(report, Leaderboard) else report
        contents |= _drawn(drawn, document, formats, figures)
    return contents


def _drawn(
    report: Report | None, document: Document, formats: Sequence[str], names: Sequence[str]
) -> dict[str, str | bytes]:
    # matplotlib takes a second to import and is needed only here.
    from graphssl.report.figures.kinds import FIGURES, figures
    from graphssl.report.figures.style import png, svg

    for figure in names:
        if figure not in FIGURES:
            raise ConfigError(f"figures={figure}: no such figure; there are {', '.join(FIGURES)}")
    name = document.name
    found = dict(figures(report, names)) if report else {}
    for figure in names:
        if figure not in found:
            raise DataError(f"figures={figure}: the runs of table {name} have no data for it")
    contents: dict[str, str | bytes] = {}
    if {"html", "svg"} & set(formats):
        vector = {key: svg(figure, key) for key, figure in found.items()}
        contents |= {f"{name}-{key}.svg": text for key, text in vector.items()}
        if "html" in formats:
            drawn = [(FIGURES[key].caption, text) for key, text in vector.items()]
            contents[f"{name}.html"] = page(document, drawn)
    if "png" in formats:
        contents |= {f"{name}-{key}.png": png(figure) for key, figure in found.items()}
    return contents
