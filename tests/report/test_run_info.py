"""``graphssl --info RUN_FOLDER``: a finished run, a failed one, and what is no run."""

import json
import sys

import pytest

from graphssl.cli import main
from graphssl.report.run_info import run_info


def shown(folder):
    _, *lines = run_info(folder).splitlines()
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}


def test_a_finished_run(make_run):
    lines = shown(make_run((0.7, 0.8), val=(0.6, 0.7), overrides=["encoder.channels=[16,8]"]))
    assert lines["state"] == "finished 2026-01-01T00:00:00+00:00"
    assert lines["command"] == "graphssl 'encoder.channels=[16,8]'"
    assert lines["random_10_10_80"] == "accuracy validation 65.00 %, test 75.00 % (2 splits)"
    assert lines["representation"] == "effective rank 5.0 of 8"
    assert lines["training"] == "10 steps, seed 0"
    assert lines["files"] == "metrics.jsonl, record.json"


def test_a_failed_run(runs):
    (runs / "gone").mkdir(parents=True)
    failed = {"error": "training", "message": "loss is nan", "overrides": ["seed=1"]}
    (runs / "gone" / "failed.json").write_text(json.dumps(failed))
    lines = shown(runs / "gone")
    assert lines["state"] == "failed: training: loss is nan"
    assert lines["command"] == "graphssl seed=1"


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_what_is_no_run_is_one_line(make_run, runs, monkeypatch, capsys, name):
    make_run()
    monkeypatch.setattr(sys, "argv", ["graphssl", "--info", str(runs / name)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith("graphssl: error: ")
    assert error.count("\n") == 1
