import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import graphssl
from graphssl.errors import DataError
from graphssl.report.runs.frame import load_frame
from graphssl.report.runs.records import read_runs
from graphssl.results.identity import BEHAVIOUR_VERSION
from graphssl.results.record import RunRecord

REPORT = Path(graphssl.__file__).parent / "report"
MODULES = [
    ".".join(path.relative_to(REPORT).with_suffix("").parts) for path in REPORT.rglob("[!_]*.py")
]


def test_imports_no_torch():
    assert len(MODULES) > 20
    imports = "; ".join(f"import graphssl.report.{name}" for name in MODULES)
    code = f"import sys; {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def _edit(folder, **changes):
    path = folder / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _kinds(runs):
    return [problem.kind for problem in read_runs(runs).problems]


def test_truncated_record_is_one_line_and_the_rest_is_read(make_run, runs):
    broken = make_run()
    make_run(seed=1)
    path = broken / "record.json"
    path.write_text(path.read_text()[:200])
    found = read_runs(runs)
    assert len(found.records) == 1
    (problem,) = found.problems
    assert problem.kind == "unreadable"
    assert str(path) in problem.reason
    assert "\n" not in problem.reason


def _scores(test, **more):
    return {"scores": {"grace": {"metric": "accuracy", "test": test, "val": {}, **more}}}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"seed": "1"}, "seed='1'"),
        ({"scores": {"grace": {}}}, "scores.grace has no test scores"),
        ({"scores": {"grace": {"test": {"accuracy": [0.8]}}}}, "scores.grace has no val scores"),
        (_scores({"accuracy": []}), "scores.grace.test.accuracy contains no scores"),
        (_scores({"accuracy": [92.1]}), "92.1"),
        (_scores({"accuracy": [-0.1]}), "-0.1"),
        (_scores({"accuracy": [float("nan")]}), "nan"),
        (_scores({"accuracy": [0.8]}, val={"accuracy": [1.1]}), "grace.val.accuracy contains 1.1"),
        (_scores({"accuracy": [0.8]}, metric="nmi"), "metric='nmi' is not among its test scores"),
        (_scores({"accuracy": [0.8]}, test_mean=0.9), "0.9"),
        ({"code": "abc"}, "code='abc'"),
        ({"config": {}}, "config.dataset"),
        ({"selection": {}}, "selection"),
    ],
)
def test_hand_edited_record_is_named(make_run, runs, changes, word):
    _edit(make_run(), **changes)
    (problem,) = read_runs(runs).problems
    assert word in problem.reason


def test_a_list_is_no_record(make_run, runs):
    (make_run() / "record.json").write_text("[]")
    assert _kinds(runs) == ["unreadable"]


def test_a_score_of_a_user_defined_metric_may_be_below_zero(make_run, runs):
    make_run((-0.2, 0.1), metric="ari")
    assert load_frame(runs)["score"].tolist() == pytest.approx([-5.0])


def test_stale_record_is_listed_with_its_command(make_run, runs):
    """Whatever it holds: that of version 2 has `test_accuracy` in place of `test`."""
    old = {"random_10_10_80": {"test_accuracy": [0.8], "val_accuracy": [0.8], "test_mean": 0.8}}
    folder = make_run(overrides=["dataset=toy", "seed=3"])
    _edit(folder, behaviour_version=BEHAVIOUR_VERSION - 1, scores=old)
    assert RunRecord.read(folder).scores == old
    (problem,) = read_runs(runs).problems
    assert problem.kind == "stale"
    assert problem.command == "graphssl dataset=toy seed=3 force=true"


def test_failed_and_unfinished_runs(make_run, runs):
    make_run()
    failed = runs / "failed"
    failed.mkdir()
    content = {"error": "TrainingError", "message": "loss is NaN\nat 3", "overrides": ["a=[1, 2]"]}
    (failed / "failed.json").write_text(json.dumps(content))
    begun = runs / "begun"
    begun.mkdir()
    (begun / "config.yaml").write_text("seed: 0")
    found = {problem.kind: problem for problem in read_runs(runs).problems}
    assert found["failed"].reason == "TrainingError: loss is NaN at 3"
    assert found["failed"].command == "graphssl 'a=[1, 2]'"
    assert found["unfinished"].folder == begun


def test_copies_and_runs_put_aside_count_once(make_run, runs):
    folder = make_run()
    for name in ("copy", f"{folder.name}.old1"):
        (runs / name).mkdir()
        (runs / name / "record.json").write_text((folder / "record.json").read_text())
    found = read_runs(runs)
    assert len(found.records) == 1
    assert _kinds(runs) == ["duplicate"]


def test_a_copy_with_other_scores_is_not_passed_over_in_silence(make_run, runs):
    folder = make_run()
    (runs / "zcopy").mkdir()
    content = json.loads((folder / "record.json").read_text())
    (runs / "zcopy" / "record.json").write_text(json.dumps({**content, "scores": {}}))
    (problem,) = read_runs(runs).problems
    assert problem.reason.endswith(f"{folder}, but with other scores, which are not used")


def test_folder_without_runs(tmp_path):
    with pytest.raises(DataError, match="contains no runs"):
        read_runs(tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        read_runs(tmp_path / "absent")


def test_frame_has_a_row_a_run_and_protocol(make_run, runs):
    folder = make_run(regularizer="werank")
    content = json.loads((folder / "record.json").read_text())
    scores = content["scores"]["random_10_10_80"]
    _edit(
        folder,
        scores={
            **content["scores"],
            "grace": {**scores, "test": {"accuracy": [0.85]}, "test_mean": 0.85},
        },
        config={**content["config"], "tags": ["paper"]},
    )
    frame = load_frame(runs).set_index("protocol")
    assert frame["accuracy"].to_dict() == pytest.approx({"random_10_10_80": 85.0, "grace": 85.0})
    row = frame.loc["grace"]
    assert row["regularizer"] == "werank"
    assert row["regularizer.alpha"] == 0.01
    assert row["encoder.channels"] == "[16, 8]"
    assert row["representation/effective_rank_centred"] == 5.0
    assert row["tags.paper"]


def test_condition_leaves_out_the_seed_and_what_has_no_effect(make_run, runs):
    make_run(seed=0)
    make_run(seed=1)
    make_run(seed=0, changes={"augmentation.strength": 0.5})
    make_run(objective="untrained")
    make_run(objective="untrained", changes={"augmentation.strength": 0.5})
    make_run(objective="untrained", changes={"encoder.channels": [4]})
    a, b, c, d, e, f = load_frame(runs)["condition"]
    assert a == b != c
    assert d == e != f


def test_condition_counts_what_the_id_counts(make_run, runs):
    """Code of user-defined classes, the graph and, where labels are used, the protocol."""
    make_run()
    make_run(changes={"encoder._target_": "mine.Encoder"}, code={"mine.Encoder": "a" * 64})
    make_run(changes={"encoder._target_": "mine.Encoder"}, code={"mine.Encoder": "b" * 64})
    _edit(make_run(), dataset={"name": "toy", "nodes": 10, "fingerprint": "c"})
    _edit(make_run(), dataset={"name": "toy", "nodes": 11})
    make_run(labels_used=True)
    make_run(labels_used=True, protocol="grace")
    for width in (8, 16):
        make_run(objective="untrained", changes={"encoder.channels": width})
    conditions = list(load_frame(runs)["condition"])
    assert len(set(conditions)) == len(conditions)


@pytest.mark.parametrize("setting", ["num_splits", "train_ratio", "log2_C", "solver"])
def test_what_a_protocol_does_is_told_apart(make_run, runs, setting):
    """Only where it computed, and what it is called, makes no difference."""
    for value in (1, 2):
        make_run(protocol_settings={setting: value, "name": str(value), "device": str(value)})
    one, other = load_frame(runs)["protocol_settings"]
    assert one != other
    assert "device" not in one
    assert "name" not in one


def test_condition_leaves_out_code_that_does_not_count(make_run, runs):
    """That of a probe, and of an encoder that raw features do not use."""
    for found in ("a" * 64, "b" * 64):
        make_run(code={"mine.Probe": found})
        make_run(
            objective="raw",
            changes={"encoder._target_": "mine.Encoder"},
            code={"mine.Encoder": found},
        )
    a, b, c, d = load_frame(runs)["condition"]
    assert a == c != b == d


def test_frame_has_every_metric_on_both_parts(make_run, runs):
    make_run((0.7, 0.9), val=(0.5, 0.6), metric="roc_auc", measured={"accuracy": [0.8, 0.8]})
    (row,) = load_frame(runs).to_dict("records")
    assert row["metric"] == "roc_auc"
    assert row["majority"] == pytest.approx(30.0)
    for key, by_split in (
        ("roc_auc", (70, 90)), ("score", (70, 90)), ("accuracy", (80, 80)),
        ("val_roc_auc", (50, 60)), ("val_score", (50, 60)),
    ):  # fmt: skip
        assert row[f"{key}_by_split"] == pytest.approx(by_split)
        assert row[key] == pytest.approx(sum(by_split) / 2)
    assert "val_accuracy" not in row


def test_a_run_without_a_probe_has_a_row(make_run, runs):
    _edit(make_run(), scores={})
    make_run((0.5,), seed=1)
    first, second = load_frame(runs).to_dict("records")
    assert pd.isna(first["protocol"])
    assert first["representation/effective_rank_centred"] == 5.0
    assert (second["splits"], second["split_seed"]) == (1, 0)


def test_a_real_run_is_read(small_run):
    record = small_run("regularizer=werank")
    (row,) = load_frame(record.folder).to_dict("records")
    (scores,) = record.scores.values()
    assert row["score"] == row["accuracy"] == pytest.approx(100 * scores["test_mean"])
    assert row["val_accuracy"] == pytest.approx(100 * np.mean(scores["val"]["accuracy"]))
    assert row["majority"] == pytest.approx(100 * scores["majority"])
    assert row["run"] == record.id
    assert row["condition"] != record.id
    assert row["regularizer.alpha"] == 0.01
    assert row["optimizer.lr"] == row["recipe.lr"]
