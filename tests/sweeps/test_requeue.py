"""A job that SLURM preempts, as submitit's local executor acts it out: saved, requeued, resumed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.traces import traces

MODULE = """
import os, signal

from graphssl.training import Logger


class Preempted(Logger):
    def __init__(self, folder, name, config, resume_step=0):
        self.first = resume_step == 0

    def log(self, step, values):
        if self.first and step == 6:
            os.kill(os.getpid(), signal.SIGUSR2)

    def close(self):
        pass
"""


@pytest.mark.slow
def test_a_preempted_job_is_requeued_and_resumes_from_the_step_of_the_signal(
    tmp_path, small_config, small_run
):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="extra `sweeps`")
    (tmp_path / "preempted.py").write_text(MODULE)
    (tmp_path / "conf/logger").mkdir(parents=True)
    (tmp_path / "conf/logger/preempted.yaml").write_text(
        "_target_: preempted.Preempted\n_partial_: true\n"
    )
    sources = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [
            sys.executable, "-m", "graphssl", "--config-dir=conf", "-m", *small_config,
            "logger=preempted", "hydra/launcher=submitit_local", "hydra.launcher.cpus_per_task=1",
            "hydra.launcher.timeout_min=600", "seed=0",
        ],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": sources}, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (record,) = (tmp_path / "runs").glob("*/record.json")
    assert json.loads(record.read_text())["training"]["resumed_from"] == 6
    whole = small_run(f"paths.runs={tmp_path / 'whole'}")
    assert traces(record.parent) == traces(Path(whole.folder))
