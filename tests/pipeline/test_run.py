"""The main job, end to end on a small graph."""

import copy
import functools
import importlib
import json
import os
import pkgutil
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import graphssl
from graphssl.cli import compose
from graphssl.config import build
from graphssl.errors import ConfigError, DataError, TrainingError
from graphssl.pipeline import probe
from graphssl.pipeline import run as pipeline
from graphssl.pipeline.load import load_objective
from graphssl.results.record import RunRecord


def metrics(record: RunRecord, *without: str):
    lines = (Path(record.folder) / "metrics.jsonl").read_text().splitlines()
    wall_clock = {"steps_per_second", *without}
    return [{k: v for k, v in json.loads(x).items() if k not in wall_clock} for x in lines]


def test_a_run_leaves_what_the_readme_says(small_run):
    record = small_run("save_embeddings=true")
    folder = Path(record.folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.yaml", "embeddings.npz", "encoder.pt", "metrics.jsonl", "overrides.json",
        "record.json", "spectra.npz",
    ]  # fmt: skip
    assert RunRecord.read(folder) == record
    assert record.dataset == {
        "name": "sbm", "fingerprint": None, "hash": record.dataset["hash"], "nodes": 120,
        "edges": record.dataset["edges"], "features": 64, "classes": 3,
        "edges_without_reverse": 0.0, "self_loops": 0, "duplicate_edges": 0,
        "isolated_nodes": record.dataset["isolated_nodes"], "unlabelled_nodes": 0,
        "edge_weight": None, "edge_attr": None, "keys_not_used": [],
    }  # fmt: skip
    assert re.fullmatch(r"[0-9a-f]{12,64}", record.dataset["hash"])
    assert re.fullmatch("[0-9a-f]{16}", record.dataset["hash"])
    scores = record.scores["random_10_10_80"]
    assert len(scores["test"]["accuracy"]) == 20
    assert scores["test_mean"] == pytest.approx(np.mean(scores["test"]["accuracy"]))
    assert scores["test_std"] == pytest.approx(np.std(scores["test"]["accuracy"]))
    assert record.choices["encoder"] == "gcn"
    assert re.fullmatch(r"[0-9a-f]{40}\+?", record.environment["git_commit"] or "0" * 40)
    assert f"{os.cpu_count()} cores" in record.environment["machine"]
    assert (record.environment["device"], record.environment["threads"]) == ("cpu", 1)
    assert record.training["peak_memory_mib"] > 100
    assert record.environment["packages"]["torch"] == torch.__version__.split("+")[0] or (
        record.environment["packages"]["torch"] == torch.__version__
    )
    saved = np.load(folder / "embeddings.npz")
    assert saved["embeddings"].shape == (120, 8)
    assert saved["node_ids"].tolist() == list(range(120))


@pytest.mark.parametrize("encoder", ["gcn", "gat"])
def test_training_lowers_the_loss(small_run, encoder):
    record = small_run(f"encoder={encoder}", "trainer.steps=60", "recipe.lr=5e-3")
    losses = [row["loss"] for row in metrics(record) if "loss" in row]
    assert len(losses) == 60
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


@pytest.mark.parametrize(
    "options",
    [
        # dropout draws from torch's global stream, which a look must not move
        ("encoder=gat", "+encoder.conv.dropout=0.5"),
        ("encoder=pyg_gin", "objective=byol", "augmentation=gca_degree"),
        (
            "objective=supervised",
            "trainer.select=last",
            "trainer.profile=true",
            "trainer.checkpoint_every=3",
        ),
    ],
    ids=" ".join,
)
def test_evaluation_never_changes_training(small_run, options):
    watched = metrics(small_run("diagnostics.every=5", *options))
    plain = ("diagnostics=end", "trainer.eval_every=0", "force=true", "trainer.profile=false")
    alone = metrics(small_run(*[o for o in options if "profile" not in o], *plain))
    looks = [row for row in watched if "val_accuracy" in row or "embedding/std_min" in row]
    assert [row["step"] for row in looks] == [0, 5, 5, 10, 10, 15, 15, 20, 20]
    steps = [[row for row in rows if "loss" in row] for rows in (watched, alone)]
    assert len(steps[0]) == 20
    assert steps[0] == steps[1]


@pytest.mark.parametrize(
    "off",
    [
        ["regularizer=werank", "regularizer.alpha=0"],
        ["regularizer=werank", "regularizer.alpha=0", "regularizer.apply=decoupled"],
        pytest.param(["regularizer=srip", "regularizer.alpha=0"], marks=pytest.mark.slow),
        pytest.param(["regularizer=double_soft", "regularizer.alpha=0"], marks=pytest.mark.slow),
        [
            "regularizer=variance_covariance",
            "regularizer.alpha_variance=0",
            "regularizer.alpha_covariance=0",
        ],
    ],
    ids=" ".join,
)
def test_a_regularizer_turned_off_is_none_to_the_last_bit(small_run, off):
    none, turned_off = small_run("norm=batch"), small_run("norm=batch", *off)
    assert none.id != turned_off.id
    for key in ("scores", "diagnostics"):
        assert getattr(none, key) == getattr(turned_off, key)
    saved = [torch.load(Path(r.folder) / "encoder.pt") for r in (none, turned_off)]
    assert all(torch.equal(saved[0][name], saved[1][name]) for name in saved[0])
    rows = [[row["loss"] for row in metrics(r) if "loss" in row] for r in (none, turned_off)]
    assert rows[0] == rows[1]


def test_the_penalty_is_logged_with_its_floor(small_run):
    record = small_run("regularizer=werank", "regularizer.alpha=0.5", "recipe.channels=[100,8]")
    rows = [row for row in metrics(record) if "loss" in row]
    wide = "encoder.convs.0.lin"  # 100 outputs of 64 features: no column of it can be orthonormal
    assert rows[0][f"penalty_floor/{wide}"] == pytest.approx(6.0)
    for row in rows:
        layers = [key.removeprefix("penalty/") for key in row if key.startswith("penalty/")]
        assert len(layers) == 4
        assert row["penalty"] == pytest.approx(0.5 * sum(row[f"penalty/{x}"] for x in layers))
        assert row["penalty_floor"] == 0.5 * sum(row[f"penalty_floor/{x}"] for x in layers)
        for key in ("", *(f"/{layer}" for layer in layers)):
            above = row[f"penalty{key}"] - row[f"penalty_floor{key}"]
            assert row[f"penalty_above_floor{key}"] == above > 0
    assert rows[-1]["penalty_above_floor"] < rows[0]["penalty_above_floor"]


def test_same_seed_same_result_other_seed_other_result(small_run):
    first = small_run()
    rows = metrics(first)
    again = small_run("force=true")
    other = small_run("seed=1")
    assert again.scores == first.scores
    assert again.diagnostics == first.diagnostics
    assert metrics(again) == rows
    assert other.id != first.id
    assert metrics(other) != rows


def test_force_keeps_the_old_run(small_run):
    first = small_run()
    again = small_run("force=true")
    assert again.folder == first.folder
    assert RunRecord.read(Path(f"{first.folder}.old1")) == first


def test_a_finished_run_is_not_run_again(small_run, caplog):
    first = small_run()
    stamp = (Path(first.folder) / "encoder.pt").stat().st_mtime_ns
    with caplog.at_level("INFO"):
        assert small_run() == first
    assert "not run again" in caplog.text
    assert (Path(first.folder) / "encoder.pt").stat().st_mtime_ns == stamp


def test_a_finished_run_is_probed_under_a_new_protocol_without_training(small_run):
    first = small_run()
    stamp = (Path(first.folder) / "encoder.pt").stat().st_mtime_ns
    both = small_run("probe=[random_10_10_80,grace]")
    assert set(both.scores) == {"random_10_10_80", "grace"}
    assert both.scores["random_10_10_80"] == first.scores["random_10_10_80"]
    assert (Path(first.folder) / "encoder.pt").stat().st_mtime_ns == stamp


def test_a_protocol_with_other_settings_is_probed_again(small_run):
    first = small_run()
    fewer = small_run("probe.protocols.random_10_10_80.num_splits=3")
    other = small_run("probe.split_seed=1")
    assert fewer.id == other.id == first.id
    assert (
        fewer.scores["random_10_10_80"]["test"]["accuracy"]
        == (first.scores["random_10_10_80"]["test"]["accuracy"][:3])
    )
    assert other.scores["random_10_10_80"]["split_seed"] == 1
    assert small_run().scores == first.scores


def test_a_run_that_died_while_it_was_probed_is_not_trained_again(small_run, monkeypatch):
    def die(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "probed", die)
        with pytest.raises(KeyboardInterrupt):
            small_run()
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "pretrain", die)
        assert small_run().scores["random_10_10_80"]["test_mean"] > 0.3


def test_a_failed_run_says_why_and_a_success_takes_it_back(small_run, monkeypatch):
    def out_of_memory(*args):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore lines")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "pretrain", out_of_memory)
        with pytest.raises(torch.OutOfMemoryError):
            small_run("seed=3")
    record = small_run()
    (failure,) = Path(record.folder).parent.glob("*/failed.json")
    found = json.loads(failure.read_text())
    assert found["error"] == "out of memory"
    assert found["message"] == "CUDA out of memory. Tried to allocate 2 GiB"
    assert "seed=3" in found["overrides"]
    assert "in out_of_memory" in found["traceback"]
    small_run("seed=3")
    assert not failure.exists()


def test_one_split_has_no_spread(small_run):
    record = small_run("objective=raw", "probe.protocols.random_10_10_80.num_splits=1")
    assert re.search(r", test \d+\.\d\d % \(random_10_10_80, 1 split\), ", record.summary())


def test_what_hydra_refuses_is_one_error_in_python_too(small_run):
    with pytest.raises(ConfigError, match=r"^encoder=gnc: no such option; did you mean gin or gcn"):
        small_run("encoder=gnc")


def test_a_run_without_a_probe_has_a_record(small_run):
    assert small_run("probe=[]").scores == {}


def test_untrained_and_raw_take_no_step(small_run):
    untrained, raw = small_run("objective=untrained"), small_run("objective=raw")
    assert untrained.training["steps"] == raw.training["steps"] == 0
    assert untrained.diagnostics["representation"]["dimensions"] == 8
    assert raw.diagnostics["representation"]["dimensions"] == 64
    few = ("dataset.num_nodes=30", "encoder.channels=[40]", "probe=[]")  # fewer than dimensions
    assert small_run("objective=untrained", *few).diagnostics["representation"]["dimensions"] == 40


def test_supervised_uses_and_scores_one_split_a_seed(small_run):
    zero, one = small_run("objective=supervised"), small_run("objective=supervised", "seed=1")
    for record, split in ((zero, 0), (one, 1)):
        assert record.labels_used
        assert record.split == split
        assert record.scores["random_10_10_80"]["solver"] == "own classifier"
        assert len(record.scores["random_10_10_80"]["test"]["accuracy"]) == 1


def test_the_split_that_is_trained_on_is_the_one_scored(small_run, monkeypatch):
    from graphssl.objectives.supervised import Supervised

    seen = {}
    init, score = Supervised.__init__, probe.own_scores

    def noting_nodes(self, *args, train_nodes, **kwargs):
        seen["trained"] = train_nodes.numpy()
        init(self, *args, train_nodes=train_nodes, **kwargs)

    # functools.wraps keeps the signature, by which the labels are handed over
    monkeypatch.setattr(Supervised, "__init__", functools.wraps(init)(noting_nodes))

    def noting_splits(name, logits, y, splits, seed):
        (seen["scored"],) = splits
        return score(name, logits, y, splits, seed)

    monkeypatch.setattr(probe, "own_scores", noting_splits)
    trained = []
    for seed in (0, 1):
        small_run("objective=supervised", f"seed={seed}")
        np.testing.assert_array_equal(seen["trained"], seen["scored"].train)
        assert not set(seen["trained"]) & set(seen["scored"].test)
        trained.append(set(seen["trained"]))
    assert trained[0] != trained[1]


def test_the_classifier_of_the_best_validation_epoch_is_scored_and_kept(small_run):
    record = small_run("objective=supervised", "trainer.eval_every=1", "trainer.steps=30")
    rows = [row for row in metrics(record) if "val_accuracy" in row]
    best = max(rows, key=lambda row: row["val_accuracy"])  # the first of equals
    entry = record.scores["random_10_10_80"]
    assert record.selection == {
        "metric": "val_accuracy", "step": best["step"], "value": best["val_accuracy"],
    }  # fmt: skip
    assert entry["val"]["accuracy"] == [best["val_accuracy"]]

    config, *_ = compose(record.overrides)
    data = build.dataset(config)
    split = build.protocols(config)["random_10_10_80"].splits(data, 0)[0]
    logits = load_objective(Path(record.folder)).logits(data.graph.view())
    right = (logits.argmax(1) == data.y).double()
    for part in ("val", "test"):
        accuracy = right[torch.from_numpy(getattr(split, part))].mean().item()
        assert entry[part]["accuracy"] == [pytest.approx(accuracy)]


def test_a_supervised_run_that_lost_its_scores_gets_the_same_from_its_folder(small_run):
    record = small_run("objective=supervised")
    replace(record, scores={}).write(Path(record.folder))
    again = small_run("objective=supervised")
    assert again.scores == record.scores
    (Path(record.folder) / "classifier.pt").unlink()
    replace(record, scores={}).write(Path(record.folder))
    with pytest.raises(DataError, match=r"classifier\.pt does not contain the run's classifier"):
        small_run("objective=supervised")


def test_what_learns_from_labels_takes_one_protocol(small_run):
    with pytest.raises(ConfigError, match="one protocol"):
        small_run("objective=supervised", "probe=[random_10_10_80,grace]")


def test_validation_selection_needs_validation_nodes(small_run):
    with pytest.raises(ConfigError, match="validation"):
        small_run("trainer.select=val_accuracy", "probe=grace")


SELECTING = ("trainer.select=val_accuracy", "recipe.lr=3e-2", "trainer.steps=40")


def test_selection_keeps_the_best_evaluated_encoder(small_run, monkeypatch):
    from graphssl.training.selection import Selection

    offer, weights = Selection.offer, {}

    def noting_weights(self, objective, metrics, step):
        weights[step] = copy.deepcopy(objective.state_dict())
        offer(self, objective, metrics, step)

    monkeypatch.setattr(Selection, "offer", noting_weights)
    record = small_run(*SELECTING)
    seen = {row["step"]: row["val_accuracy"] for row in metrics(record) if "val_accuracy" in row}
    best = max(seen.values())
    assert record.selection["value"] == best
    assert record.selection["step"] == min(step for step, value in seen.items() if value == best)
    assert record.labels_used
    assert len(record.scores["random_10_10_80"]["test"]["accuracy"]) == 1
    kept, last = weights[record.selection["step"]], weights[40]
    for name, saved in torch.load(Path(record.folder) / "encoder.pt").items():
        assert torch.equal(saved, kept[f"encoder.{name}"])
    for layer in ("encoder.convs.0.lin", "predictor.0"):  # the record is of the network kept
        largest, of_last = (torch.linalg.norm(w[f"{layer}.weight"], 2) for w in (kept, last))
        measured = record.diagnostics["weights"][f"{layer}/largest"]
        assert measured == pytest.approx(largest.item())
        assert measured != pytest.approx(of_last.item())


@pytest.mark.parametrize("options", [("encoder=gat", "+encoder.conv.dropout=0.5"), SELECTING])
def test_an_interrupted_run_goes_on_to_the_same_end(small_run, monkeypatch, options):
    from graphssl.training.metrics import StepMetrics

    options = ("trainer.checkpoint_every=6", *options)
    whole = small_run(*options)
    rows = metrics(whole)
    log = StepMetrics.__call__

    def die(self, report):
        log(self, report)
        if report.step == 15:
            raise KeyboardInterrupt

    monkeypatch.setattr(StepMetrics, "__call__", die)
    with pytest.raises(KeyboardInterrupt):
        small_run("force=true", *options)
    monkeypatch.setattr(StepMetrics, "__call__", log)
    resumed = small_run(*options)
    assert resumed.training["resumed_from"] == 12
    assert metrics(resumed) == rows
    assert resumed.scores == whole.scores
    assert resumed.diagnostics == whole.diagnostics
    assert resumed.selection == whole.selection
    assert not (Path(resumed.folder) / "checkpoint.pt").exists()
    a, b = (torch.load(Path(f) / "encoder.pt") for f in (whole.folder + ".old1", resumed.folder))
    assert all(torch.equal(a[key], b[key]) for key in a)


def test_a_loss_that_is_not_finite_stops_the_run(small_run):
    with pytest.raises(TrainingError, match=r"not finite at step \d+: .*last finite loss.*lr"):
        small_run("optimizer=sgd", "recipe.lr=1e30", "norm=none", "trainer.warmup=0")


@pytest.mark.parametrize("every", ["trainer.eval_every=1", "trainer.steps=1"])
def test_a_look_at_weights_that_are_not_finite_says_the_same(small_run, every):
    with pytest.raises(
        TrainingError, match=r"not finite after step \d+: .*last finite loss \d.*lr"
    ):
        small_run("optimizer=sgd", "recipe.lr=1e30", "norm=none", "trainer.warmup=0", every)


def test_load_run_gives_the_encoder_back(small_run):
    record = small_run("save_embeddings=true")
    encoder = graphssl.load_run(record.folder)
    config, *_ = compose(small_run.overrides)
    graph = build.dataset(config).graph
    saved = np.load(Path(record.folder) / "embeddings.npz")["embeddings"]
    np.testing.assert_allclose(
        encoder(graph.x, graph.edge_index).detach(), saved, rtol=1e-4, atol=1e-5
    )
    assert not encoder.training
    assert encoder(torch.randn(7, 64), torch.tensor([[0, 1, 2], [1, 2, 3]])).shape == (7, 8)


@pytest.mark.parametrize("objective", ["raw", "supervised", "byol"])
def test_load_run_knows_every_kind_of_run(small_run, objective):
    encoder = graphssl.load_run(small_run(f"objective={objective}").folder)
    out = encoder(torch.randn(3, 64), torch.tensor([[0, 1], [1, 2]]))
    assert out.shape == (3, 64 if objective == "raw" else 8)


@pytest.mark.parametrize(
    "node",
    [
        {"_target_": "collections.OrderedDict"},
        {"_target_": "graphssl.cli.os.mkdir"},
        "${evil}",
        # our own functions, which may run what they are given
        {
            "_target_": "graphssl.examples.toy.grid",
            "overrides": ["+dataset.evil={_target_:os.mkdir}"],
        },
        {"_target_": "graphssl.config.build.make", "config": {"path": "never"}, "name": "evil"},
        {"_target_": "graphssl.results.store.RunStore", "runs": "never"},
        # evaluates its input_args
        {"_target_": "torch_geometric.nn.Sequential", "input_args": "x", "modules": []},
        {"_target_": "torch.nn.init.ones_"},
        {"_target_": "torch.nn.NoSuchModule"},
    ],
    ids=lambda node: node["_target_"] if isinstance(node, dict) else node,
)
def test_load_run_builds_no_foreign_code_without_trust(small_run, node):
    folder = Path(small_run("objective=untrained", "probe=[]").folder)
    content = json.loads((folder / "record.json").read_text())
    content["config"]["encoder"]["act"] = node
    content["config"]["evil"] = {"_target_": "os.mkdir", "path": "never"}
    (folder / "record.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"trust=True"):
        graphssl.load_run(folder)


@pytest.mark.parametrize(
    "target",
    [
        "graphssl.__main__.x", "graphssl.cli.main", "graphssl.examples.demo.main", "torch.hub.load",
        "graphssl.__main__", "torch_geometric.datasets.Planetoid", "this.s", "graphssl.sweeps.x.Y",
    ],
)  # fmt: skip
def test_load_run_imports_nothing_on_the_way_to_a_foreign_name(small_run, monkeypatch, target):
    folder = Path(small_run("objective=untrained", "probe=[]").folder)
    content = json.loads((folder / "record.json").read_text())
    content["config"]["encoder"]["act"] = {"_target_": target}
    (folder / "record.json").write_text(json.dumps(content))
    looked_up = []

    def noted(name):
        looked_up.append(name)
        return pkgutil.resolve_name(name)

    monkeypatch.setattr("graphssl.pipeline.load.resolve_name", noted)
    with pytest.raises(DataError, match=rf"names {re.escape(target)}, .*trust=True"):
        graphssl.load_run(folder)
    assert target not in looked_up


def test_importing_main_runs_nothing(monkeypatch):
    monkeypatch.delitem(sys.modules, "graphssl.__main__", raising=False)
    monkeypatch.setattr("graphssl.cli.main", lambda: pytest.fail("a run began"))
    importlib.import_module("graphssl.__main__")


@pytest.mark.parametrize("content", [None, b"", b"PK", {"a": 1}, ["a"], copy], ids=str)
def test_load_run_of_weights_that_are_not_its_own(small_run, content):
    folder = Path(small_run("objective=untrained", "probe=[]").folder)
    (folder / "encoder.pt").unlink()
    if isinstance(content, bytes):
        (folder / "encoder.pt").write_bytes(content)
    elif content is copy:
        torch.save(copy.deepcopy, folder / "encoder.pt")  # a function: no tensor, no weights
    elif content is not None:
        torch.save(content, folder / "encoder.pt")
    with pytest.raises(DataError, match=r"encoder\.pt does not contain the run's encoder \("):
        graphssl.load_run(folder)


def test_load_run_of_an_unfinished_run(tmp_path):
    with pytest.raises(DataError, match=r"no record\.json"):
        graphssl.load_run(tmp_path)


def test_an_encoder_moved_between_devices_is_begun_again(small_run, monkeypatch, caplog):
    """A checkpoint of a GPU holds random streams that a CPU does not have."""
    from graphssl.training import checkpoint

    save = checkpoint.save_atomically

    def save_as_cuda(content, path):
        if "device" in content:
            content["device"] = "cuda"
            save(content, path)
            raise KeyboardInterrupt
        save(content, path)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_atomically", save_as_cuda)
        with pytest.raises(KeyboardInterrupt):
            small_run("trainer.checkpoint_every=6")
    record = small_run("trainer.checkpoint_every=6")
    assert "begun on cuda" in caplog.text
    assert record.training["resumed_from"] == 0
    assert [row["step"] for row in metrics(record) if "loss" in row] == list(range(1, 21))


def test_tags_of_a_finished_run_can_be_said_later(small_run):
    first = small_run()
    tagged = small_run("+tags.study=late")
    assert tagged.id == first.id
    assert RunRecord.read(Path(first.folder)).config["tags"] == {"study": "late"}


def test_supervised_training_does_not_see_labels_outside_its_training_nodes(small_run, monkeypatch):
    options = ("objective=supervised", "trainer.select=last", "trainer.eval_every=0")
    one = ("probe.protocols.random_10_10_80.num_splits=1",)
    honest = metrics(small_run(*options, *one))
    load = build.dataset

    def with_other_test_labels(config):
        data = load(config)
        (split,) = build.protocols(config)["random_10_10_80"].splits(data, 0)
        y = data.y.clone()
        y[split.test] = (y[split.test] + 1) % data.num_classes
        return replace(data, y=y)

    monkeypatch.setattr(build, "dataset", with_other_test_labels)
    lied = small_run(*options, *one, "force=true")
    assert metrics(lied) == honest
    assert lied.scores["random_10_10_80"]["test_mean"] < 0.4


def test_a_diverged_run_is_never_saved(small_run):
    bad = ("optimizer=sgd", "recipe.lr=1e30", "norm=none", "trainer.warmup=0")
    for _ in range(2):
        with pytest.raises(TrainingError, match=r"not finite at step [1-5]: "):
            small_run(*bad, "trainer.log_every=20", "trainer.checkpoint_every=7")


@pytest.mark.parametrize("encoder", ["gcn", "pyg_gcn"])
def test_edges_kept_from_the_first_view_are_refused(small_run, encoder):
    where = "model" if encoder == "pyg_gcn" else "conv"
    with pytest.raises(ConfigError, match=r"GCNConv convs\.0 has cached=True"):
        small_run(f"encoder={encoder}", f"+encoder.{where}.cached=true", "probe=[]")


def test_raw_features_need_nothing_of_the_encoder(small_run):
    out_channels_alone = "encoder={_target_:torch_geometric.nn.Linear,out_channels:4}"
    assert small_run("objective=raw", "~encoder", f"+{out_channels_alone}").training["steps"] == 0


def test_a_setting_that_only_the_forward_pass_refuses_is_one_line(small_run, tmp_path):
    with pytest.raises(ConfigError, match=r"first forward pass fails: TypeError.*momentum"):
        small_run("norm.momentum={a:1}")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [".locks"]
