"""What launchers mean for their jobs, and what is said where one is not installed."""

import os
import subprocess
import sys

import joblib
import pytest
from hydra.errors import ConfigCompositionException
from tests.in_process import shell

from graphssl.config.messages import describe
from graphssl.errors import ConfigError
from graphssl.sweeps import outcomes
from graphssl.sweeps.launcher import keep_visible_gpus, show_gpus, threads_per_job
from graphssl.sweeps.optimize import require_optuna

BASIC = {"_target_": "hydra._internal.core_plugins.basic_launcher.BasicLauncher"}
JOBLIB = "hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher"
LOCAL = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher"
RAY = "hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher"
SLURM = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"


@pytest.mark.parametrize(
    ("n_jobs", "threads"), [(1, 8), (2, 4), (3, 2), (8, 1), (99, 1), (-1, 1), (-6, 2), (-8, 8)]
)
def test_joblib_jobs_share_eight_cores(monkeypatch, n_jobs, threads):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    assert threads_per_job({"_target_": JOBLIB, "n_jobs": n_jobs}) == threads


@pytest.mark.parametrize("target", [LOCAL, SLURM])
def test_submitit_jobs_take_the_cpus_of_a_task(target):
    assert threads_per_job({"_target_": target, "cpus_per_task": 6}) == 6
    assert threads_per_job({"_target_": target, "cpus_per_task": None}) == 1
    with pytest.raises(ConfigError, match=r"cpus_per_task must be .* 1 or more, got -1"):
        threads_per_job({"_target_": target, "cpus_per_task": -1})


@pytest.mark.parametrize(
    ("remote", "threads"), [({}, 1), ({"num_cpus": 3}, 3), ({"num_cpus": 0.5, "num_gpus": 1}, 1)]
)
def test_jobs_of_ray_take_the_cpus_of_a_task(remote, threads):
    assert threads_per_job({"_target_": RAY, "ray": {"remote": remote}}) == threads


def test_jobs_one_after_another_keep_their_threads():
    assert threads_per_job(BASIC) is None


@pytest.mark.parametrize("given", [None, "1,3"])
def test_jobs_of_the_local_executor_see_the_gpus_that_the_sweep_sees(monkeypatch, given):
    monkeypatch.setattr(os, "environ", {} if given is None else {"CUDA_VISIBLE_DEVICES": given})
    keep_visible_gpus()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # as submitit does
    show_gpus({"_target_": LOCAL, "gpus_per_node": None})
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == given


@pytest.mark.parametrize(
    "launcher", [{"_target_": LOCAL, "gpus_per_node": 1}, {"_target_": SLURM}, BASIC]
)
def test_gpus_given_on_purpose_stay(monkeypatch, launcher):
    monkeypatch.setattr(os, "environ", {"CUDA_VISIBLE_DEVICES": "0"})
    show_gpus(launcher)
    assert os.environ == {"CUDA_VISIBLE_DEVICES": "0"}


INSTALLS = {
    "hydra/launcher=joblib": "sweeps",
    "hydra/launcher=submitit_local": "sweeps",
    "hydra/launcher=submitit_slurm": "sweeps",
    "hydra/launcher=ray": "ray",
}


def test_what_is_not_installed_says_what_to_install(tmp_path):
    code = (
        "import sys\n"
        "for extra in ('joblib_launcher', 'submitit_launcher', 'ray_launcher'):\n"
        "    sys.modules[f'hydra_plugins.hydra_{extra}'] = None  # importing it then fails\n"
        "from graphssl.cli import main\n"
        f"for choice in {list(INSTALLS)}:\n"
        "    sys.argv = ['graphssl', '-m', choice]\n"
        "    try: main()\n"
        "    except SystemExit as end: assert end.code == 1\n"
        "    else: raise AssertionError(choice)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        f'graphssl: error: {choice} is not installed: pip install "graphssl-werank[{extra}]"'
        for choice, extra in INSTALLS.items()
    ]


def test_an_optuna_that_is_missing_or_too_old_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna.storages.journal", None)
    with pytest.raises(ConfigError, match=r'optuna 4 or newer: pip install ".*\[sweeps\]"'):
        require_optuna()


def test_the_old_plugin_is_named():
    error = ConfigCompositionException("Error merging 'hydra/sweeper/sampler/tpe' with schema")
    assert describe(error, []).endswith("pip uninstall hydra-optuna-sweeper")


def test_what_a_launcher_refuses_is_one_line(tmp_path, small_config, monkeypatch, capsys):
    refused = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=0", "seed=0,1")
    code, err = shell(monkeypatch, capsys, tmp_path, "-m", *small_config, *refused)
    assert code == 1
    assert err[-1] == (
        "graphssl: error: the launcher stopped: n_jobs == 0 in Parallel has no meaning"
    )
    outcomes.failed.clear()
