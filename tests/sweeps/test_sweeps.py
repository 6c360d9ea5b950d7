"""Sweeps from the shell: jobs that fail are listed, the others finish, the exit status says so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def sweep(cwd: Path, *args: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "graphssl", "-m", *args],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


LAUNCHERS = {"basic": (), "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")}


@pytest.mark.parametrize("launcher", list(LAUNCHERS))
def test_a_failed_job_does_not_stop_the_others(tmp_path, small_config, launcher):
    if launcher == "joblib":
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="extra `sweeps`")
    done = sweep(
        tmp_path, *small_config, "seed=0,1", "recipe.channels=[8],[]", *LAUNCHERS[launcher]
    )
    assert done.returncode == 1
    assert len(list(tmp_path.glob("runs/*/record.json"))) == 2
    ending = done.stderr[done.stderr.index("graphssl: 2 jobs failed (details in ") :].splitlines()
    assert len(ending) == 3
    assert all("recipe.channels=[]" in line for line in ending[1:])
    assert all("configuration: encoder.channels must name" in line for line in ending[1:])
    (found,) = {json.loads(p.read_text())["error"] for p in tmp_path.rglob("failed/*.json")}
    assert found == "configuration"


def test_fail_fast_stops_at_the_first(tmp_path, small_config):
    done = sweep(tmp_path, *small_config, "recipe.channels=[],[8]", "fail_fast=true")
    assert done.returncode == 1
    assert "encoder.channels must name" in done.stderr
    assert not list(tmp_path.glob("runs/*/record.json"))


def test_optuna_maximises_validation_accuracy_past_a_failed_trial(tmp_path, small_config):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="extra `sweeps`")
    done = sweep(
        tmp_path, *small_config, "hydra/sweeper=optuna", "hydra.sweeper.n_trials=3",
        "hydra.sweeper.n_jobs=1", "hydra.sweeper.direction=maximize",
        "hydra/sweeper/sampler=grid", "trainer.warmup=0.1,2.0,0.3",
    )  # fmt: skip
    assert "1 jobs failed" in done.stderr, done.stderr[-2000:]
    records = [json.loads(p.read_text()) for p in tmp_path.glob("runs/*/record.json")]
    assert len(records) == 2
    # Labels choose here, so on the one split of the seed alone.
    best = max(r["scores"]["random_10_10_80"]["val_accuracy"][0] for r in records)
    (results,) = tmp_path.rglob("optimization_results.yaml")
    assert f"{best:.6f}"[:7] in results.read_text()
