"""A report to the terminal and to files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from graphssl.errors import ConfigError
from graphssl.report.build import Report
from graphssl.report.formats.files import files


def publish(report: Report, formats: Sequence[str], figures: Sequence[str], out: Path) -> None:
    """Write the files of ``report`` into ``out`` and say so; Markdown also goes to the terminal.

    Args:
        report: what to write.
        formats: some of ``files.FORMATS``.
        figures: these alone; all that the runs can fill where empty.
        out: folder, made where it is not there.

    Raises:
        ConfigError: ``out`` cannot be written, unknown figure.
        DataError: a figure asked for that the runs cannot fill.
    """
    write(files(report, formats, figures), out)
    for note in report.notes:
        print(f"graphssl-report: {note}", file=sys.stderr)


def write(contents: Mapping[str, str | bytes], out: Path) -> None:
    """Write files into ``out`` and say so; Markdown also goes to the terminal.

    Raises:
        ConfigError: ``out`` cannot be written.
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
