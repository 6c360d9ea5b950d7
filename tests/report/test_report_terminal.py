"""The report in a terminal: lines fit its width, a reader who leaves early is no error."""

import io
import os
import subprocess
import sys

import pytest
from rich.console import Console

from graphssl.report.build import compose_report
from graphssl.report.formats.files import document_of
from graphssl.report.formats.terminal import show
from graphssl.report.leaderboard import build_leaderboard


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("table", [None, "main", "alpha"])
def test_tables_fit_the_width(full, runs, width, table):
    report = compose_report(runs, table) if table else build_leaderboard(runs)
    file = io.StringIO()
    show(document_of(report), Console(width=width, file=file))
    lines = [line for line in file.getvalue().splitlines() if line[:1] in "┏┃┡│└"]
    assert lines
    assert max(map(len, lines)) <= width
    # A number is never broken over two lines.
    assert "76.00 ± 2." in file.getvalue()


def test_a_list_is_cut_and_the_files_are_named(full, runs):
    file = io.StringIO()
    show(document_of(compose_report(runs, "augmentation")), Console(width=120, file=file))
    assert "In files alone (--format md,html): " in file.getvalue()


def test_a_reader_that_leaves_early_gets_no_traceback(full, runs):
    code = "import sys; from graphssl.report.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, str(runs), "--format", "md", "--out", str(runs / "out")]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120)
    os.close(writer)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
