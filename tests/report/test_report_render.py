import csv
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from graphssl.report.build import compose_report
from graphssl.report.figures.kinds import FIGURES, figures
from graphssl.report.figures.style import look, svg
from graphssl.report.formats.csv import render_csv
from graphssl.report.formats.html import render_html
from graphssl.report.formats.latex import render_latex
from graphssl.report.formats.markdown import render_markdown


class Page(HTMLParser):
    """Tables as lists of rows of texts; every address that the page asks for."""

    VOID = ("meta", "br", "path", "use", "stop", "link")

    def __init__(self, text):
        super().__init__()
        self.tables, self.links, self.open, self.field = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.links += [v for k in ("src", "href", "xlink:href") if (v := values.get(k))]
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.field = ""

    def handle_endtag(self, tag):
        if tag in self.VOID:
            return
        assert self.open.pop() == tag
        if tag in ("td", "th"):
            self.tables[-1][-1].append(self.field)
            self.field = None

    def handle_data(self, data):
        if self.field is not None:
            self.field += data


def drawn(report):
    return [(FIGURES[name].caption, svg(figure, name)) for name, figure in figures(report)]


@pytest.fixture
def report(full, runs):
    return compose_report(runs)


def test_markdown_shows_numbers_runs_and_protocol(report):
    text = render_markdown(report)
    # scores 68, 72, 70, 74, 69, 73, 72, 76, 67, 71, 71, 75 %
    assert "| BGRL | 71.50 ± 2.75 (6) |" in text
    # 74, 76, 75, 77, 73, 75, 78, 80, 72, 74, 78, 80 %
    assert "**76.00 ± 2.63 (6)**" in text
    assert "Probe protocol random_10_10_80 (num_splits 2), split seed 0" in text
    assert "Comparison with published numbers" in text
    assert "82.70 ± 0.60 | -11.20 | 1.20 | other encoder: GAT 4096-1024; unknown probe |" in text


def test_markdown_escapes_pipes(make_run, runs):
    make_run(dataset="a|b")
    line = next(x for x in render_markdown(compose_report(runs)).splitlines() if "a\\|b" in x)
    assert len(re.findall(r"(?<!\\)\|", line)) == 3


def test_latex_escapes_and_balances(report, make_run, runs):
    make_run(dataset="a_b&c%", changes={"encoder.channels": [4]})
    text = render_latex(compose_report(runs, "depth"))
    assert r"a\_b\&c\%" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") > 0
    assert r"71.50 $\pm$ 2.75 (6)" in text
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    # After a line break LaTeX takes a bracket for an option.
    assert body
    assert not any(line.lstrip().startswith("[") for line in body)
    assert "±" not in text


def test_csv_has_a_line_a_cell_unrounded(report):
    lines = list(csv.DictReader(io.StringIO(render_csv(report))))
    (line,) = [
        x for x in lines
        if x["row"] == "BGRL" and x["column"] == "cora" and x["measure"] == "score"
    ]  # fmt: skip
    assert float(line["mean"]) == pytest.approx(71.5, abs=1e-12)
    assert line["metric"] == "accuracy"
    assert line["seeds"] == "0 1 2 3 4 5"
    assert float(line["split_std"]) == pytest.approx(np.std([69.5, 73.5], ddof=1))


def test_html_is_whole_offline_and_has_its_tables(report):
    page = Page(text := render_html(report, drawn(report)))
    assert page.open == []
    assert page.tables[0][0] == ["row", "cora", "toy"]
    assert ["BGRL", "71.50 ± 2.75 (6)", "71.50 ± 2.75 (6)"] in page.tables[0]
    assert all(link.startswith("#") for link in page.links)
    assert "url(http" not in text
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
    assert text.count("<svg") == 2


def test_html_ids_are_unique_across_figures(report):
    text = render_html(report, drawn(report))
    ids = re.findall(r'<(?:path|clipPath|g) id="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
    assert used <= set(re.findall(r'id="([^"]+)"', text))


def test_html_shows_hostile_names_as_text(make_run, runs):
    make_run(dataset="<script>alert(1)</script>")
    text = render_html(compose_report(runs))
    assert text.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in text


def test_figures_of_each_table(full, runs):
    assert [name for name, _ in figures(compose_report(runs, "alpha"))] == [
        "rank", "accuracy-rank", "alpha",
    ]  # fmt: skip
    names = [name for name, _ in figures(compose_report(runs, "augmentation"))]
    assert names == ["rank", "accuracy-rank", "strength"]


def test_rank_curve_is_the_mean_over_seeds(report):
    figure = FIGURES["rank"](report)
    (line,) = [x for x in figure.axes[0].get_lines() if x.get_label() == "BGRL"]
    # ranks 5 .. 10 over six seeds, less a tenth of the step
    assert list(line.get_xdata()) == [0, 5, 10]
    assert list(line.get_ydata()) == pytest.approx([7.5, 7.0, 6.5])


def test_accuracy_over_training_stands_beside_what_was_published(make_run, runs):
    """Of the same kind of encoder and probe alone: Cora's was made with GAT 4096-1024."""
    conv, norm = {"_target_": "x.GCNConv"}, {"_target_": "torch.nn.BatchNorm1d"}
    network = {"encoder.conv": conv, "encoder.norm": norm, "encoder.channels": [256, 128]}
    changes = {**network, "recipe.channels": [256, 128]}
    for dataset in ("amazon_photo", "cora"):
        for seed in range(2):
            shared = {"dataset": dataset, "protocol": "bgrl_official", "changes": changes}
            folder = make_run((0.8,), seed=seed, **shared)
            rows = [{"step": s, "val_accuracy": 0.7 + seed / 10 + s / 100} for s in (0, 5, 10)]
            (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, rows)))
    cora, photo = FIGURES["accuracy"](compose_report(runs)).axes
    ours, published, _ = photo.get_lines()
    assert list(ours.get_ydata()) == pytest.approx([75, 80, 85])
    assert published.get_label() == "published, test: BGRL (ICLR 2022)"
    assert list(published.get_ydata()) == [93.17, 93.17]
    assert len(cora.get_lines()) == 1


def test_figures_name_the_metric(make_run, runs):
    for seed in range(2):
        make_run((0.8,), seed=seed, metric="roc_auc")
    (panel,) = FIGURES["accuracy-rank"](compose_report(runs)).axes
    assert panel.get_ylabel() == "test ROC AUC (%)"


def test_svg_is_whole_and_the_same_every_time(report):
    text = svg(FIGURES["rank"](report), "rank")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    assert text == svg(FIGURES["rank"](report), "rank")
    assert "currentColor" in text


def test_series_differ_in_colour_and_line_or_marker():
    looks = [look(index) for index in range(30)]
    assert len({(x["color"], x["linestyle"]) for x in looks}) == 30
    assert len({(x["color"], x["marker"]) for x in looks}) == 30
