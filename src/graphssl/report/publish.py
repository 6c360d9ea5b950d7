"""Write a report to the terminal and to files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphssl.errors import ConfigError
from graphssl.report.build import Report
from graphssl.report.formats.files import document_of, files
from graphssl.report.formats.markdown import markdown
from graphssl.report.formats.terminal import show
from graphssl.report.leaderboard import Leaderboard


def publish(
    report: Report | Leaderboard,
    formats: Sequence[str],
    figures: Sequence[str],
    out: Path,
    as_markdown: bool = False,
) -> None:
    """Show ``report`` in the terminal, write its files into ``out`` and name them.

    Args:
        report: what to write.
        formats: some of ``files.FORMATS``, or none.
        figures: these alone; all that the runs can fill where empty.
        out: folder, created if it does not exist.
        as_markdown: show Markdown, to be copied or piped, in place of tables for a terminal.

    Raises:
        ConfigError: ``out`` is not writable, or a figure is unknown.
        DataError: there are no data for a requested figure.
    """
    contents = files(report, formats, figures)
    if contents:
        _write(contents, out)
    document = document_of(report)
    if as_markdown:
        print(markdown(document))
    else:
        show(document)
    for name in contents:
        print(f"written: {out / name}", file=sys.stderr)


def _write(contents: Mapping[str, str | bytes], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            (out / name).write_bytes(data)
    except OSError as error:
        raise ConfigError(f"out={out} cannot be written: {error.strerror}") from None
