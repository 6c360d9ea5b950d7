"""Jobs on a local Ray cluster: two at a time, each with its CPUs and GPU, killed and resumed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("hydra_plugins.hydra_ray_launcher", reason="extra `ray`")
pytestmark = pytest.mark.slow

RAY = (
    "-m", "hydra/launcher=ray",
    # Two of a job's CPUs are in the cluster twice; it believes in the two GPUs.
    "+hydra.launcher.ray.init.num_cpus=4", "+hydra.launcher.ray.init.num_gpus=2",
    "+hydra.launcher.ray.init.include_dashboard=false",
    "+hydra.launcher.ray.remote.num_cpus=2", "+hydra.launcher.ray.remote.num_gpus=1",
)  # fmt: skip
MODULE = """\
import json, os, signal, time
from pathlib import Path
from torch import nn

class Act(nn.ReLU):
    \"\"\"Writes down where it works; dies once of a mortal seed, after its first checkpoint.\"\"\"

    def __init__(self, seed):
        super().__init__()
        self.seed = seed
        place = {"pid": os.getpid(), "gpus": os.environ.get("CUDA_VISIBLE_DEVICES"),
                 "time": time.time()}
        with open(f"begun-{seed}.jsonl", "a") as file:
            file.write(json.dumps(place) + "\\n")

    def forward(self, x):
        mortal = Path(f"mortal-{self.seed}")
        if mortal.exists() and list(Path("runs").glob(f"*seed{self.seed}-*/checkpoint.pt")):
            mortal.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(x)
"""


def sweep(cwd: Path, small_config, *more: str) -> subprocess.CompletedProcess:
    (cwd / "mine.py").write_text(MODULE)
    args = [
        *small_config, "act._target_=mine.Act", "act._partial_=true", "+act.seed=${seed}",
        "trainer.checkpoint_every=5", "seed=0,1,2", *more,
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    environment["RAY_worker_niceness"] = "0"  # workers would wait for whatever else runs
    environment["PYTHONPATH"] = os.pathsep.join([str(cwd), *sys.path])
    return subprocess.run(
        [sys.executable, "-m", "graphssl", *RAY, *args],
        cwd=cwd, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip


def records(cwd: Path):
    found = [json.loads(p.read_text()) for p in cwd.glob("runs/*/record.json")]
    return {record["seed"]: record for record in found}


def test_a_killed_worker_is_named_and_its_run_resumes(tmp_path, small_config):
    (tmp_path / "mortal-1").touch()
    done = sweep(tmp_path, small_config)
    assert done.returncode == 0, done.stderr[-3000:]
    found = records(tmp_path)
    assert sorted(found) == [0, 1, 2]
    assert [found[seed]["training"]["resumed_from"] for seed in range(3)] == [0, 5, 0]
    assert {record["environment"]["threads"] for record in found.values()} == {2}
    ending = done.stderr[done.stderr.index("graphssl: 1 job killed and run again") :].splitlines()
    assert "seed=1" in ending[1]
    assert re.search(r"^graphssl: 3 jobs in .*: 3 done$", done.stderr, re.M)
    places = [
        [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted(tmp_path.glob("begun-*.jsonl"))
    ]
    assert {place["gpus"] for runs in places for place in runs} <= {"0", "1"}
    (first, *_), (second, *_), _ = places
    assert first["pid"] != second["pid"]
    assert first["gpus"] != second["gpus"]  # at the same time


def test_a_worker_that_dies_for_good_is_named_and_the_same_command_goes_on(tmp_path, small_config):
    once = "+hydra.launcher.ray.remote.max_retries=0"
    (tmp_path / "mortal-1").touch()
    done = sweep(tmp_path, small_config, once)
    assert done.returncode == 1
    assert "graphssl: error: the launcher stopped: " in done.stderr
    assert "Traceback" not in done.stderr
    unfinished = done.stderr[done.stderr.index(" unfinished: killed") :].splitlines()
    assert any("seed=1" in line for line in unfinished)
    done = sweep(tmp_path, small_config, once)
    assert done.returncode == 0, done.stderr[-3000:]
    found = records(tmp_path)
    assert sorted(found) == [0, 1, 2]
    assert found[1]["training"]["resumed_from"] == 5
