import shutil
import subprocess

import pytest

from graphssl.report.cli import main


def _main(*arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code


def test_every_format_is_written(full, runs, tmp_path, capsys):
    out = tmp_path / "out"
    formats = "md,latex,csv,html"
    assert _main(runs, "--table", "alpha", "--format", formats, "--out", out) == 0
    names = {path.name for path in out.iterdir()}
    assert {
        "alpha.md",
        "alpha.tex",
        "alpha.csv",
        "alpha.html",
        "alpha-alpha.svg",
    } <= names
    shown = capsys.readouterr()
    assert "## Alpha of WERank, random_10_10_80: test accuracy (%)" in shown.out
    assert str(out / "alpha.html") in shown.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--table", "x"), "table=x: no such table; there are alpha, "),
        (("--format", "pdf"), "format=pdf: no such format; there are md, latex, csv, html"),
        (("--filter", "alpha"), "filter=alpha: must be KEY=VALUE"),
        (("--metric", "x"), "metric=x: no record contains it"),
        (("--out", "/dev/null/x", "--format", "csv"), "cannot be written"),
    ],
)
def test_bad_input_is_one_line(full, runs, capsys, arguments, line):
    assert _main(runs, *arguments) == 1
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1


def test_one_bad_table_does_not_stop_the_others(full, runs, capsys):
    assert _main(runs, "--table", "x,main") == 1
    shown = capsys.readouterr()
    assert "BGRL and WERank" in shown.out
    assert "no record contains it" in shown.out
    assert "table=x: no such table" in shown.err


def test_filters_are_read_as_values(full, runs, capsys):
    filters = ("--filter", "regularizer.alpha=0.1", "--filter", "dataset=toy")
    assert _main(runs, "--table", "main", "--format", "md", *filters) == 0
    shown = capsys.readouterr().out
    assert "| BGRL + WERank | **75.00 ± 5.48 (3)** |" in shown


def test_empty_folder(tmp_path, capsys):
    assert _main(tmp_path) == 1
    assert "contains no runs" in capsys.readouterr().err


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")
def test_a_browser_finds_the_tables_and_sorts_them(full, runs, tmp_path):
    assert _main(runs, "--table", "main", "--format", "html", "--out", tmp_path) == 0
    page = (tmp_path / "main.html").read_text()
    # Sort the first table by its second column, as a click does.
    click = "<script>document.querySelectorAll('th')[1].click()</script></body>"
    (tmp_path / "clicked.html").write_text(page.replace("</body>", click))
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    shown = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", f"file://{tmp_path}/clicked.html"],
        capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    assert shown.count("<table") == page.count("<table") > 2
    assert 'aria-sort="ascending"' in shown
    body = shown[shown.index("<tbody") : shown.index("</tbody")]
    order = [body.index(name) for name in ("raw features", "untrained", "BGRL<", "supervised")]
    assert order == sorted(order)
