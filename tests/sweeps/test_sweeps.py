"""Sweeps from the shell: jobs that fail are listed, the others finish, the exit status says so."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from joblib import cpu_count
from tests.forked import shell

from graphssl.sweeps import outcomes

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "2"}


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "graphssl", "-m", *args]


def sweep(cwd: Path, *args: str) -> subprocess.CompletedProcess:
    """``graphssl -m``; where it chooses a launcher or sweeper, in a Python of its own."""
    if not any(arg.startswith("hydra/") for arg in args):
        return shell("-m", *args, cwd=cwd)
    return subprocess.run(
        command(*args), cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=300
    )


LAUNCHERS = {
    "basic": (),
    "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    "submitit": ("hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=1"),
}
OPTUNA = (
    "hydra/sweeper=optuna",
    "hydra/sweeper/sampler=grid",
    "hydra.sweeper.n_jobs=1",
)
# Where the launcher says nothing, those of this process.
THREADS = {"basic": 1, "joblib": max(1, cpu_count() // 2), "submitit": 1}


@pytest.fixture
def launched(request):
    """Overrides that choose a launcher."""
    if request.param != "basic":
        name = f"hydra_plugins.hydra_{request.param}_launcher"
        pytest.importorskip(name, reason="extra `sweeps`")
    return request.param, LAUNCHERS[request.param]


every_launcher = pytest.mark.parametrize(
    "launched",
    ["basic", *(pytest.param(name, marks=pytest.mark.slow) for name in ("joblib", "submitit"))],
    indirect=True,
)


# Submitit's failures are the farthest from the sweep, the basic launcher's the nearest.
@every_launcher
def test_a_failed_job_does_not_stop_the_others(tmp_path, small_config, launched):
    launcher, overrides = launched
    done = sweep(tmp_path, *small_config, "recipe.channels=[],[8]", *overrides)
    assert done.returncode == 1
    (record,) = (json.loads(p.read_text()) for p in tmp_path.glob("runs/*/record.json"))
    assert record["environment"]["threads"] == THREADS[launcher]
    ending = done.stderr[done.stderr.index("graphssl: 1 job failed (details in ") :].splitlines()
    assert len(ending) == 2
    assert "recipe.channels=[]" in ending[1]
    assert "configuration: encoder.channels must list" in ending[1]
    (found,) = {json.loads(p.read_text())["error"] for p in tmp_path.rglob("failed/*.json")}
    assert found == "configuration"


@every_launcher
def test_fail_fast_stops_at_the_first(tmp_path, small_config, launched):
    launcher, overrides = launched
    done = sweep(tmp_path, *small_config, "recipe.channels=[],[8]", "fail_fast=true", *overrides)
    assert done.returncode == 1
    assert "encoder.channels must list" in done.stderr
    assert "Traceback" not in done.stderr
    if launcher == "basic":
        assert not list(tmp_path.glob("runs/*/record.json"))


@every_launcher
def test_ctrl_c_leaves_what_the_same_command_goes_on_from(tmp_path, small_config, launched):
    args = [*small_config, "trainer.steps=100000", "trainer.checkpoint_every=20", "seed=0,1"]
    with subprocess.Popen(
        command(*args, *launched[1]), cwd=tmp_path, env=ENVIRONMENT, text=True,
        stderr=subprocess.PIPE, start_new_session=True,
        # Where the tests run in the background of a shell, children would ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as child:  # fmt: skip
        try:
            while not list(tmp_path.glob("runs/*/checkpoint.pt")) and child.poll() is None:
                time.sleep(0.1)
            os.killpg(child.pid, signal.SIGINT)  # a terminal sends it to all of the sweep
            err = child.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise
    assert child.returncode == 130
    assert "graphssl: interrupted" in err
    assert list(tmp_path.glob("runs/*/checkpoint.pt"))
    assert not list(tmp_path.glob("runs/*/failed.json"))


@pytest.mark.slow
@pytest.mark.parametrize("launched", ["joblib", "submitit"], indirect=True)
def test_a_job_that_is_killed_is_named(tmp_path, small_config, launched):
    """As the kernel does when memory runs out: no Python code of the job runs after that."""
    (tmp_path / "killer.py").write_text(
        "import os, signal\ndef act():\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    act = "act._target_=torch.nn.ReLU,killer.act"
    done = sweep(tmp_path, *small_config, act, *launched[1])
    assert done.returncode == 1
    assert "graphssl: error: the launcher stopped: " in done.stderr
    assert "Traceback" not in done.stderr
    # The other job may be at its end by then, or not.
    found = re.search(r"^graphssl: (1 job|2 jobs) unfinished: killed", done.stderr, re.M)
    assert found, done.stderr[-2000:]
    ending = done.stderr[found.start() :].splitlines()
    assert len(ending) == 1 + int(found[1][0])
    assert "act._target_=killer.act" in ending[-1]


def test_a_job_that_never_ended_makes_the_sweep_fail(tmp_path, capsys):
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "3.json").write_text(json.dumps({"overrides": ["seed=3"]}))
    outcomes.failed.clear()
    outcomes._folder.append(tmp_path)
    assert outcomes.close()
    assert outcomes.failed == ["seed=3"]
    assert "1 job unfinished: killed, or still running under the launcher:\n  seed=3\n" in (
        capsys.readouterr().err
    )
    outcomes.failed.clear()


@pytest.mark.slow
def test_optuna_maximises_validation_accuracy_past_a_failed_trial(tmp_path, small_config):
    pytest.importorskip("optuna", minversion="4.0", reason="extra `sweeps`")
    done = sweep(
        tmp_path, *small_config, *OPTUNA, "hydra.sweeper.n_trials=3", "trainer.warmup=0.1,2.0,0.3",
    )  # fmt: skip
    assert "1 job failed" in done.stderr, done.stderr[-2000:]
    records = [json.loads(p.read_text()) for p in tmp_path.glob("runs/*/record.json")]
    assert len(records) == 2
    # Labels choose here, so on the one split of the seed alone.
    best = max(r["scores"]["random_10_10_80"]["val"]["accuracy"][0] for r in records)
    (results,) = tmp_path.rglob("optimization_results.yaml")
    assert f"{best:.6f}"[:7] in results.read_text()
