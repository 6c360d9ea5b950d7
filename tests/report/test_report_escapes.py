"""Names are shown as text: no format takes them for its own commands."""

import io
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from matplotlib.cbook import is_math_text
from matplotlib.text import Text
from rich.console import Console

from graphssl.report.build import compose_report
from graphssl.report.cli import main
from graphssl.report.figures.kinds import FIGURES
from graphssl.report.figures.style import svg
from graphssl.report.formats.files import document_of, files
from graphssl.report.formats.plain import plain
from graphssl.report.formats.terminal import show
from graphssl.report.leaderboard import build_leaderboard
from graphssl.shell import join

NAMES = (
    "two\nlines \\input{secret}",
    "page\x0cbreak\r\\bye\u2028\\end",
    "$\\foo$ and $x_1",
    "_hidden_",
    "a|b & 50 % #1 ^ ~ {x} [y]",
    "*bold* `code` [link](http://x) ![p](y) &lt;",
    "<script>alert(1)</script> <b>\"'",
    "\x1b[31mred\x07 [red]markup[/red]",
    "right\u202eto left, lone \udc80",
)


@pytest.fixture
def hostile(make_run, runs):
    """Runs whose dataset, metric, encoder, layer, overrides and failure all bear a name."""
    for number, name in enumerate(NAMES):
        folder = make_run(
            (0.8,), val=(0.7,), dataset=name, metric=NAMES[2], encoder=name,
            overrides=[f"dataset={name}", "seed=0"],
        )  # fmt: skip
        if number == 0:
            ranks = {f"{layer}/effective_rank_centred": 1 for layer in NAMES}
            rows = [{"step": step, **ranks} for step in (1, 2)]
            with (folder / "metrics.jsonl").open("a") as file:
                file.write("\n" + "\n".join(map(json.dumps, rows)))
        failed = {"error": name, "message": name, "overrides": [f"dataset={name}"]}
        (runs / f"gone{number}").mkdir()
        (runs / f"gone{number}" / "failed.json").write_text(json.dumps(failed))


@pytest.fixture
def reports(hostile, runs):
    return compose_report(runs, filters={"encoder": list(NAMES)}), build_leaderboard(runs)


class Shown(HTMLParser):
    """The text of a page and the names of its tags, figures left out."""

    def __init__(self, text):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(
            re.sub(
                "<svg.*?</svg>|<style.*?</style>|<script>\nfor.*?</script>", "", text, flags=re.S
            )
        )

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def same(text):
    return " ".join(text.split())


def test_latex_has_no_command_of_a_name(reports):
    for report in reports:
        (text,) = files(report, ["latex"]).values()
        outside = [line for line in text.split("\n") if not line.startswith("%")]
        assert re.split("[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text) == text.split("\n")
        body = "\n".join(outside)
        assert not re.search(r"\\(input|bye|end(?!\{)|foo\b)", body)
        assert len(re.findall(r"(?<!\\)\$", body)) % 2 == 0
        assert not re.search(r"(?<!\\)[#%_~]", body.replace(r"\textasciitilde", ""))


def test_markdown_shows_names_as_text(reports):
    render = MarkdownIt("commonmark").enable("table").render
    for report in reports:
        (text,) = files(report, ["md"]).values()
        page = Shown(render(text))
        shown = same(page.text)
        assert all(plain(name) in shown for name in NAMES)
        assert set(page.tags) <= {
            "p", "h2", "table", "thead", "tbody", "tr", "th", "td", "strong", "em", "ul", "li",
            "code",
        }  # fmt: skip
        document = document_of(report)
        marked = [f for g in document.grids for row in g.rows for f in row if f.mark == "best"]
        assert page.tags.count("strong") == len(marked)
        assert page.tags.count("td") == sum(len(g.header) * len(g.rows) for g in document.grids)


def test_html_shows_names_as_text(reports):
    for report in reports:
        text = files(report, ["html"])[f"{document_of(report).name}.html"]
        page = Shown(text)
        shown = same(page.text)
        assert all(plain(name) in shown for name in NAMES)
        assert page.tags.count("script") == 1  # the page's own
        assert "b" not in page.tags
        assert text.isascii() or all(c.isprintable() for c in text.replace("\n", ""))


@pytest.mark.slow
def test_figures_show_names_as_text(reports):
    table, board = reports
    shown = ""
    for report in (table, board.drawn):
        for name, kind in FIGURES.items():
            if (figure := kind(report)) is None:
                continue
            assert svg(figure, name)
            for text in figure.findobj(Text):
                said = text.get_text()
                if re.fullmatch(r"\$\\mathdefault\{.*\}\$", said):
                    continue  # a tick of a logarithmic axis
                assert not is_math_text(said)
                assert "\n" not in said
                shown += said.replace(r"\$", "$")
    assert all(plain(name) in shown for name in NAMES)


def test_the_terminal_gets_no_control_characters_nor_markup(reports, runs, capsys):
    for report in reports:
        console = Console(width=10_000, record=True, file=io.StringIO())
        show(document_of(report), console)
        text = console.export_text()
        assert all(plain(name) in text for name in NAMES[:5])
        assert all(c.isprintable() for c in text.replace("\n", ""))
    with pytest.raises(SystemExit):
        main([str(runs), "--table", "no\x1b[31m\ntable"])
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.strip().isprintable()


def test_a_label_that_begins_with_an_underscore_is_in_the_legend(make_run, runs, tmp_path):
    for encoder in ("_mine", "gcn"):
        make_run(encoder=encoder)
    own = tmp_path / "own.yaml"
    own.write_text(
        "{title: T, columns: dataset, rows: [{label: '{}', by: encoder}], values: [score]}"
    )
    (legend,) = FIGURES["rank"](compose_report(runs, str(own))).legends
    assert [text.get_text().strip() for text in legend.get_texts()] == ["_mine", "gcn"]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_printed_command_is_read_back_by_the_shell(shell):
    if (program := shutil.which(shell)) is None:
        pytest.skip(f"no {shell}")
    words = [
        *NAMES[:-1],
        "x=[64,32]",
        "=ls",
        "~",
        "it's",
        "a\tb\\n'c\x01",
        "",
        "!!",
        "{a,b}",
        "é\n",
    ]
    code = f"printf '%s\\0' {join(words)}"
    assert "\n" not in code
    env = {**os.environ, "LC_ALL": "C.UTF-8"}
    done = subprocess.run([program, "-c", code], capture_output=True, check=True, env=env)
    assert done.stdout.decode().split("\0")[:-1] == words
