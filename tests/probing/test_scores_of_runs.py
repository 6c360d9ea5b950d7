"""From a run's embedding to its record, its line of result, tables and leaderboard."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import graphssl
from graphssl.cli import compose
from graphssl.config import build
from graphssl.errors import ConfigError, DataError
from graphssl.pipeline.embed import embed
from graphssl.probing.quick import quick_accuracy
from graphssl.report.build import compose_report
from graphssl.report.leaderboard import board_document, build_leaderboard
from graphssl.results.record import RunRecord, scores_entry

TWO = ("dataset.num_classes=2", "objective=raw", "probe.protocols.random_10_10_80.num_splits=2")


def test_the_metric_of_a_graph_is_printed_and_changes_no_run(small_run):
    """Whatever is printed, all metrics are recorded; saying another one later trains nothing."""
    first = small_run(*TWO)
    stamp = (Path(first.folder) / "encoder.pt").stat().st_mtime_ns
    second = small_run(*TWO, "+dataset.metric=roc_auc")
    assert second.id == first.id
    assert (Path(first.folder) / "encoder.pt").stat().st_mtime_ns == stamp
    (before,), (after,) = first.scores.values(), second.scores.values()
    assert list(after["test"]) == list(after["val"]) == ["accuracy", "macro_f1", "roc_auc"]
    assert (before["test"], before["val"], before["C"]) == (
        after["test"], after["val"], after["C"],
    )  # fmt: skip
    assert (before["metric"], after["metric"]) == ("accuracy", "roc_auc")
    assert after["test_mean"] == pytest.approx(np.mean(after["test"]["roc_auc"]))
    assert after["test_std"] == pytest.approx(np.std(after["test"]["roc_auc"]))
    val, test = (100 * np.mean(after[part]["roc_auc"]) for part in ("val", "test"))
    assert f": ROC AUC validation {val:.2f} %, test {test:.2f} +- " in second.summary()
    assert small_run(*TWO).scores == first.scores


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["+dataset.metric=auc"], "dataset.metric must be one of accuracy, .* got 'auc'"),
        (["+dataset.metric=roc_auc"], "roc_auc needs two classes, but sbm has 3"),
        (["probe.protocols.random_10_10_80.log2_C=[-2000,10]"], r"-60..60, .* \[-2000, 10\]"),
        (["probe=[grace]", "dataset.num_nodes=45", "dataset.num_classes=2"], "5 folds .* has 4"),
    ],
)
def test_what_cannot_be_probed_is_said_before_training(small_run, tmp_path, options, message):
    with pytest.raises((ConfigError, DataError), match=message):
        small_run(*options)
    assert not list((tmp_path / "runs").glob("*/config.yaml"))


@pytest.mark.parametrize("name", ["minesweeper", "tolokers", "questions"])
def test_graphs_published_in_roc_auc_say_so(name):
    assert compose([f"dataset={name}"])[0].dataset.metric == "roc_auc"


@pytest.fixture
def lopsided(tmp_path):
    """400 nodes on a ring, four of five of class 0, features without any signal."""
    rng = np.random.default_rng(0)
    ring = np.stack([np.arange(400), np.roll(np.arange(400), 1)])
    y = (rng.permutation(400) < 80).astype(np.int64)
    path = tmp_path / "lopsided.npz"
    np.savez(path, x=rng.normal(size=(400, 4)), edge_index=np.c_[ring, ring[::-1]], y=y)
    return ["dataset=custom", f"dataset.path={path}", "objective=raw", f"paths.runs={tmp_path}/r"]


def test_an_accuracy_that_says_nothing_is_printed_with_the_majority(lopsided):
    record = graphssl.run(lopsided)
    (entry,) = record.scores.values()
    assert entry["majority"] == pytest.approx(0.8, abs=0.01)
    assert entry["test_mean"] <= entry["majority"] + 0.01
    said = f"20 splits), majority class {100 * entry['majority']:.2f} %, "
    assert said in record.summary()
    assert "majority" not in graphssl.run([*lopsided, "dataset.metric=macro_f1"]).summary()
    assert "ROC AUC" in graphssl.run([*lopsided, "dataset.metric=roc_auc"]).summary()


@pytest.mark.parametrize(("above", "told"), [(-0.2, True), (0.0099, True), (0.0101, False)])
def test_the_majority_is_told_up_to_a_point_above_it(small_run, above, told):
    record = small_run("objective=raw", "probe.protocols.random_10_10_80.num_splits=2")
    ((name, entry),) = record.scores.items()
    entry = {**entry, "majority": entry["test_mean"] - above}
    assert ("majority class" in replace(record, scores={name: entry}).summary()) == told


# The block of docs/probes.md, as printed.
PROBES = (Path(__file__).parents[2] / "docs" / "probes.md").read_text(encoding="utf-8")
(PROBE,) = re.findall(r"```python\n# my_clusters.py\n(.*?)```", PROBES, re.DOTALL)


def test_a_probe_may_name_its_own_metric(small_run, tmp_path, monkeypatch):
    (tmp_path / "my_clusters.py").write_text(PROBE)
    monkeypatch.syspath_prepend(tmp_path)
    target = "{_target_: my_clusters.Clusters, name: clusters}"
    record = small_run(f"+probe.protocols.clusters={target}", "objective=bgrl")
    entry = record.scores["clusters"]
    nmi = 100 * entry["test"]["nmi"][0]
    assert (entry["metric"], 100 * entry["test_mean"]) == ("nmi", nmi)
    assert f"NMI test {nmi:.2f} % (clusters, 1 split)" in record.summary()
    assert "accuracy validation" in record.summary()  # of the other protocol
    runs = Path(record.folder).parent
    labels = {table.label for table in compose_report(runs).tables if table.scored}
    assert labels == {"test NMI (%)", "test accuracy (%)"}
    titles = {grid.title for grid in board_document(build_leaderboard(runs)).grids}
    assert "Runs, sbm, clusters: NMI" in titles


def test_a_score_is_renamed_only_where_the_protocol_left_the_choice():
    def printed(metric, graph, *names):
        scores = {name: [0.25 * n] for n, name in enumerate(names, start=1)}
        found = graphssl.contracts.ProbeScores("p", "s", metric, scores, {}, [], 0)
        entry = scores_entry(found, graph, 0.5)
        return entry["metric"], entry["test_mean"]

    assert printed("accuracy", "roc_auc", "accuracy", "roc_auc") == ("roc_auc", 0.5)
    assert printed("accuracy", "roc_auc", "accuracy") == ("accuracy", 0.25)
    assert printed("nmi", "accuracy", "accuracy", "nmi") == ("nmi", 0.5)


def test_what_a_sweeper_may_optimise(small_run):
    record = small_run(*TWO, "+dataset.metric=roc_auc", "seed=1")
    (entry,) = record.scores.values()
    for name, metric in (
        ("val_accuracy", "accuracy"), ("val_score", "roc_auc"), ("val_roc_auc", "roc_auc"),
        ("val_macro_f1", "macro_f1"),
    ):  # fmt: skip
        assert record.value(name) == entry["val"][metric][1]  # the split of seed 1
    assert record.value("effective_rank_centred") > 1
    assert math.isnan(record.value("val_nmi"))
    assert math.isnan(small_run("objective=raw", "probe=[grace]").value("val_score"))


def test_selection_is_by_the_quick_probe_of_the_runs_own_split(small_run):
    """Recomputed from the encoder that was kept: validation nodes of split 0 may be test nodes."""
    options = ("trainer.select=val_accuracy", "trainer.steps=10", "dataset.homophily=0.4")
    others = []
    for seed in (1, 2):
        record = small_run(*options, f"seed={seed}")
        config, *_ = compose([*small_run.overrides, *options, f"seed={seed}"])
        data = build.dataset(config)
        splits = build.protocols(config)["random_10_10_80"].splits(data, 0)
        rows = embed(graphssl.load_run(record.folder), data.graph).numpy()
        found = [quick_accuracy(rows, data.y.numpy(), split) for split in splits]
        assert record.split == seed
        assert record.selection["value"] == found[seed]
        others.append(found[0] - found[seed])
    assert any(others)  # split 0 gives other values, so that it would be seen


def test_records_without_code_are_read(small_run):
    """As of behaviour version 2."""
    folder = Path(small_run("objective=raw", "probe=[]").folder)
    assert RunRecord.read(folder).code == {}
