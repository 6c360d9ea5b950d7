"""Write a report to the terminal and to files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphssl.errors import ConfigError
from graphssl.report.build import Report
from graphssl.report.formats.files import files


def publish(report: Report, formats: Sequence[str], figures: Sequence[str], out: Path) -> None:
    """Write ``report`` into ``out``, report the files' paths, and print Markdown.

    Args:
        report: the report.
        formats: some of ``files.FORMATS``.
        figures: names of figures; if empty, all for which there are data.
        out: the folder, created if it does not exist.

    Raises:
        ConfigError: ``out`` is not writable, or a figure is unknown.
        DataError: there are no data for a requested figure.
    """
    write(files(report, formats, figures), out)
    for note in report.notes:
        print(f"graphssl-report: {note}", file=sys.stderr)


def write(contents: Mapping[str, str | bytes], out: Path) -> None:
    """Write files into ``out``, report their paths, and print Markdown.

    Raises:
        ConfigError: ``out`` is not writable.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            (out / name).write_bytes(data)
    except OSError as error:
        raise ConfigError(f"out={out} cannot be written: {error.strerror}") from None
    for name, content in contents.items():
        if name.endswith(".md"):
            print(content)
        print(f"written: {out / name}", file=sys.stderr)
