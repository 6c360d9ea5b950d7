"""Runs on graphs without labels, with few or several per node, and without features."""

import logging
from pathlib import Path

import numpy as np
import pytest

import graphssl
from graphssl.errors import ConfigError
from graphssl.results.record import RunRecord

DEGREES = "dataset.transforms=[{_target_: torch_geometric.transforms.LocalDegreeProfile}]"

SEVERAL = np.stack([np.arange(60) % 2, np.arange(60) % 3 == 0], 1)


@pytest.fixture
def run_on(tmp_path, small_run):
    """Run a few steps on the arrays of a graph of 60 nodes, some of them replaced."""
    rng = np.random.default_rng(0)
    edges = rng.integers(0, 60, (2, 240))
    arrays = {
        "x": rng.normal(size=(60, 8)),
        "y": np.arange(60) // 30,
        "edge_index": np.hstack([edges, edges[::-1]]),
    }

    def run(*overrides: str, **parts) -> RunRecord:
        kept = {k: v for k, v in {**arrays, **parts}.items() if v is not None}
        np.savez(tmp_path / "mine.npz", **kept)
        config = [o for o in small_run.overrides if not o.startswith("dataset")]
        return graphssl.run(
            [*config, "dataset=custom", f"dataset.path={tmp_path / 'mine.npz'}", "trainer.steps=2",
             f"paths.runs={small_run.runs}", *overrides]
        )  # fmt: skip

    return run


def test_a_graph_without_labels_is_measured_and_not_probed(run_on, caplog):
    caplog.set_level(logging.INFO, logger="graphssl")
    record = run_on("save_embeddings=true", y=None)
    assert record.scores == {}
    assert record.dataset["classes"] == 0
    assert record.dataset["unlabelled_nodes"] == 60
    assert ": not probed: no labels, effective rank " in record.summary()
    assert caplog.text.count("custom: not probed: no labels") == 1
    assert record.diagnostics["representation"]["effective_rank_centred"] > 1
    with np.load(f"{record.folder}/embeddings.npz") as saved:
        assert saved["embeddings"].shape == (60, 8)
    created = record.created
    assert run_on("save_embeddings=true", y=None).created == created  # finished, not run again
    assert caplog.text.count("already finished") == 1


def test_nodes_without_a_label_are_trained_on_and_in_no_split(run_on):
    few = np.where(np.arange(60) % 4 == 0, -1, np.arange(60) // 30)
    whole, partly = run_on(), run_on(y=few)
    assert partly.dataset["unlabelled_nodes"] == 15
    # labels do not touch training: the embeddings are the same, the scores of other nodes
    assert partly.diagnostics == whole.diagnostics
    (scores,) = partly.scores.values()
    test = np.array(scores["test"]["accuracy"]) * 36  # of 45 nodes
    assert np.allclose(test, test.round())
    assert partly.summary() != whole.summary()


def test_several_labels_are_scored_by_micro_f1(run_on):
    record = run_on(y=SEVERAL)
    (scores,) = record.scores.values()
    assert (scores["metric"], list(scores["test"])) == ("micro_f1", ["micro_f1"])
    assert "micro-F1 validation" in record.summary()
    assert record.dataset["classes"] == 2
    assert RunRecord.read(Path(record.folder)) == record


def test_a_graph_without_features_trains_on_what_a_transform_supplies(run_on):
    record = run_on(DEGREES, x=None)
    assert record.dataset["features"] == 5
    assert record.scores


@pytest.mark.parametrize(
    ("overrides", "y", "found"),
    [
        (("objective=supervised",), None, "no labels"),
        (("trainer.select=val_accuracy",), np.full(60, -1), "no labels"),
        (("objective=supervised",), SEVERAL, "several labels per node"),
    ],
)
def test_runs_that_need_a_label_per_node_are_refused(run_on, overrides, y, found):
    with pytest.raises(ConfigError, match=f"uses labels .* one per node, but custom has {found}"):
        run_on(*overrides, y=y)
