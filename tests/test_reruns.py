"""A finished or interrupted run meets another graph, another encoder, another probe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import graphssl
from graphssl.augmentation.two_views import TwoViews
from graphssl.cli import compose
from graphssl.errors import DataError
from graphssl.pipeline.prepare import prepare
from graphssl.pipeline.request import read_request
from graphssl.report.runs.frame import load_frame
from graphssl.report.tables.missing import _option
from graphssl.results.record import RunRecord
from graphssl.training.metrics import StepMetrics

RANDOM = "{_target_: torch_geometric.transforms.RandomNodeSplit, num_val: 20, num_test: 40}"


def test_a_transform_that_draws_gives_the_same_graph_again(small_run):
    chosen = (f"dataset.transforms=[{RANDOM}]", "probe=[public_split]")
    first = small_run(*chosen)
    torch.rand(5)
    again, other = small_run(*chosen, "force=true"), small_run(*chosen, "dataset.transform_seed=1")
    assert again.dataset["hash"] == first.dataset["hash"] != other.dataset["hash"]
    assert again.scores == first.scores
    assert other.id != first.id


@pytest.fixture
def drifting(tmp_path, monkeypatch):
    """A transform that adds what a file holds to the features, and that file."""
    (tmp_path / "drift_by.py").write_text(
        "from pathlib import Path\n"
        "def drift(path):\n"
        "    def moved(data):\n"
        "        data.x = data.x + float(Path(path).read_text())\n"
        "        return data\n"
        "    return moved\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    amount = tmp_path / "amount"
    amount.write_text("0")
    return f"dataset.transforms=[{{_target_: drift_by.drift, path: '{amount}'}}]", amount


@pytest.mark.parametrize("more", [(), ("probe=[grace]",), ("save_embeddings=true",)], ids=str)
def test_a_finished_run_refuses_another_graph(small_run, drifting, more):
    transform, amount = drifting
    first = small_run(transform)
    amount.write_text("1")
    with pytest.raises(DataError, match=first.dataset["hash"]) as error:
        small_run(transform, *more)
    assert "force=true" in str(error.value)
    assert "\n" not in str(error.value)
    assert RunRecord.read(Path(first.folder)) == first
    afresh = small_run(transform, "force=true", *more)
    assert afresh.id == first.id
    assert afresh.dataset["hash"] in str(error.value)


def test_a_checkpoint_refuses_another_graph(small_run, drifting, monkeypatch):
    transform, amount = drifting
    log = StepMetrics.__call__

    def die(self, report):
        log(self, report)
        if report.step == 8:
            raise KeyboardInterrupt

    chosen = (transform, "trainer.checkpoint_every=6")
    with monkeypatch.context() as patch:
        patch.setattr(StepMetrics, "__call__", die)
        with pytest.raises(KeyboardInterrupt):
            small_run(*chosen)
    amount.write_text("1")
    with pytest.raises(DataError, match=r"checkpoint\.pt was made from a graph .*force=true"):
        small_run(*chosen)
    amount.write_text("0")
    assert small_run(*chosen).training["resumed_from"] == 6


PROBE = """
from graphssl.probing.protocols import RandomSplits

class Mine(RandomSplits):
    pass
"""


def test_an_edited_probe_probes_again_and_trains_nothing(small_run, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "my_probe.py"
    file.write_text(PROBE)
    chosen = (
        "probe.protocols.random_10_10_80._target_=my_probe.Mine",
        "probe.protocols.random_10_10_80.num_splits=2",
    )
    first = small_run(*chosen)
    stamp = (Path(first.folder) / "encoder.pt").stat().st_mtime_ns
    assert small_run(*chosen) == first
    file.write_text(PROBE + "# a comment\n")
    again = small_run(*chosen)
    assert again.id == first.id
    assert first.code == again.code == {}
    codes = [run.scores["random_10_10_80"]["code"]["my_probe.Mine"] for run in (first, again)]
    assert codes[0] != codes[1]
    assert again.training["probe_seconds"] > first.training["probe_seconds"]
    assert (Path(first.folder) / "encoder.pt").stat().st_mtime_ns == stamp
    # where its split is trained on, it is another run
    labelled = [small_run(*chosen, "trainer.select=val_accuracy")]
    file.write_text(PROBE)
    labelled.append(small_run(*chosen, "trainer.select=val_accuracy"))
    assert labelled[0].id != labelled[1].id
    assert set(labelled[0].code) == {"my_probe.Mine"}


def test_the_record_holds_the_code_of_the_encoder(small_run, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_act.py").write_text("from torch.nn import ReLU\n")
    record = small_run("act=relu", "act._target_=own_act.ReLU", "objective=untrained", "probe=[]")
    assert list(record.code) == ["own_act.ReLU"]
    assert RunRecord.read(Path(record.folder)).code == record.code


def test_another_solver_scores_a_supervised_run_anew_without_training(small_run):
    chosen = ("objective=supervised", "probe.protocols.random_10_10_80.num_splits=2")
    first = small_run(*chosen)
    again = small_run(*chosen, "probe.protocols.random_10_10_80.log2_C=[0,2]")
    assert again.folder == first.folder
    assert again.created == first.created
    assert again.scores != first.scores


def test_graphs_of_one_option_are_told_apart_by_their_own_names(small_run):
    records = [small_run(f"dataset.name={n}", "objective=raw") for n in ("chameleon", "squirrel")]
    frame = load_frame(Path(records[0].folder).parent)
    for record, name in zip(records, ("chameleon", "squirrel"), strict=True):
        assert record.choices["dataset"] == "sbm"
        assert record.summary().startswith(f"{name} gcn ")
        assert frame[frame["run"] == record.id]["dataset"].tolist() == [name]
    assert _option(frame, "squirrel") == "sbm"  # what the command for a missing run says


def test_embeddings_name_the_nodes_that_a_transform_left(tmp_path):
    rng = np.random.default_rng(0)
    edges = rng.integers(50, size=(2, 200))
    edges = edges + (edges >= 20)  # node 20 has no edge
    ids = np.array([f"paper{i}" for i in range(60)])
    path = tmp_path / "mine.npz"
    np.savez(path, x=rng.random((60, 5)), edge_index=edges, y=np.arange(60) % 2, node_id=ids)
    isolated = "{_target_: torch_geometric.transforms.RemoveIsolatedNodes}"
    chosen = ("dataset=custom", f"dataset.path={path}", f"dataset.transforms=[{isolated}]")
    record = graphssl.run(
        [*chosen, f"paths.runs={tmp_path / 'runs'}", "recipe.channels=[4]", "trainer.device=cpu",
         "objective=untrained", "probe=[]", "save_embeddings=true"]
    )  # fmt: skip
    saved = np.load(Path(record.folder) / "embeddings.npz")
    left = np.union1d(edges[0], edges[1])
    assert saved["node_ids"].tolist() == ids[left].tolist()
    assert len(saved["embeddings"]) == len(left) < 60


def settled(small_run, *overrides):
    runs = f"paths.runs={small_run.runs}"
    config, choices, said = compose([*small_run.overrides, runs, *overrides])
    return prepare(read_request(config, choices, said))


def test_the_quick_probe_looks_at_the_split_of_the_run(small_run):
    for seed in (0, 3):
        job = settled(small_run, "trainer.select=val_accuracy", f"seed={seed}")
        own = job.protocols["random_10_10_80"].splits(job.data, 0)[seed]
        for found in (job.split[1], job.quick_split, *job.splits["random_10_10_80"]):
            for part, expected in zip(found, own, strict=True):
                np.testing.assert_array_equal(part, expected)


def test_seeds_differ_in_every_weight(small_run):
    weights = [
        dict(settled(small_run, f"seed={s}").objective.named_parameters()) for s in (0, 1, 0)
    ]
    for name, weight in weights[0].items():
        assert torch.equal(weight, weights[2][name])
        if weight.dim() == 2:
            assert not torch.equal(weight, weights[1][name]), name


def test_seeds_differ_in_the_masks_of_every_view(small_run, monkeypatch):
    call, seen = TwoViews.__call__, []

    def noting(self, view, generator):
        views = call(self, view, generator)
        seen.append([(v.feature_mask.tolist(), v.edge_mask.tolist()) for v in views])
        return views

    monkeypatch.setattr(TwoViews, "__call__", noting)
    quiet = ("diagnostics=end", "trainer.eval_every=0", "probe=[]", "trainer.steps=2")
    steps = {}
    for seed in (0, 1):
        seen.clear()
        small_run(f"seed={seed}", *quiet)
        steps[seed] = seen[1:3]  # before them the look at the start, on the views of step 1
    for step in (0, 1):
        for view in (0, 1):
            for kind in (0, 1):
                assert steps[0][step][view][kind] != steps[1][step][view][kind]
    assert steps[0][0] != steps[0][1]
