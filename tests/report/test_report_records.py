import json
import subprocess
import sys
from pathlib import Path

import pytest

import graphssl
from graphssl.errors import DataError
from graphssl.report.runs.frame import load_frame
from graphssl.report.runs.records import read_runs

REPORT = Path(graphssl.__file__).parent / "report"
MODULES = [path.stem for path in REPORT.glob("[!_]*.py")]


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


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"seed": "1"}, "seed='1'"),
        ({"scores": {"grace": {"test_accuracy": []}}}, "scores.grace"),
        ({"scores": {"grace": {"test_accuracy": [92.1]}}}, "92.1"),
        ({"scores": {"grace": {"test_accuracy": [float("nan")]}}}, "nan"),
        ({"scores": {"grace": {"test_accuracy": [0.8], "test_mean": 0.9}}}, "0.9"),
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


def test_stale_record_is_listed_with_its_command(make_run, runs):
    _edit(make_run(overrides=["dataset=toy", "seed=3"]), behaviour_version=0)
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


def test_folder_without_runs(tmp_path):
    with pytest.raises(DataError, match="holds no runs"):
        read_runs(tmp_path)
    with pytest.raises(DataError, match="no folder of runs"):
        read_runs(tmp_path / "absent")


def test_frame_has_a_row_a_run_and_protocol(make_run, runs):
    folder = make_run(regularizer="werank")
    content = json.loads((folder / "record.json").read_text())
    scores = content["scores"]["random_10_10_80"]
    _edit(
        folder,
        scores={
            **content["scores"],
            "grace": {**scores, "test_accuracy": [0.85], "test_mean": 0.85},
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


def test_a_real_run_is_read(small_run):
    record = small_run("regularizer=werank")
    (row,) = load_frame(record.folder).to_dict("records")
    (scores,) = record.scores.values()
    assert row["accuracy"] == pytest.approx(100 * scores["test_mean"])
    assert row["run"] == record.id
    assert row["condition"] != record.id
    assert row["regularizer.alpha"] == 0.01
    assert row["optimizer.lr"] == row["recipe.lr"]
