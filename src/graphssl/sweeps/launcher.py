"""Threads and visible GPUs of the jobs of a sweep, by launcher. Imports no torch."""

from __future__ import annotations

import os
from typing import Any

from graphssl.checks import whole_number

_GIVEN = "GRAPHSSL_CUDA_VISIBLE_DEVICES"


def threads_per_job(launcher: Any) -> int | None:
    """Compute the number of threads per job; None where jobs run one after another.

    Joblib: the number of cores divided by ``n_jobs``. Submitit: ``cpus_per_task``, 1 if unset. Ray:
    ``num_cpus`` of a task, 1 if unset or less.

    Args:
        launcher: Hydra's configuration of the launcher.

    Raises:
        ConfigError: ``cpus_per_task`` is not at least 1.
    """
    match launcher["_target_"].rsplit(".")[-1]:
        case "JoblibLauncher":
            from joblib import cpu_count

            cores, jobs = cpu_count(), launcher["n_jobs"]
            # Joblib counts back from the number of cores: -1 is all, -2 all but one.
            return int(max(1, cores // (jobs if jobs > 0 else max(1, cores + 1 + jobs))))
        case "LocalLauncher" | "SlurmLauncher":
            if (cpus := launcher["cpus_per_task"]) is None:
                return 1
            whole_number("hydra.launcher.cpus_per_task", cpus, least=1)
            return int(cpus)
        case "RayLauncher":
            return max(1, int(launcher["ray"]["remote"].get("num_cpus") or 1))
    return None


def keep_visible_gpus() -> None:
    """Save this process's visible GPUs for the jobs, before submitit overwrites the variable."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        os.environ[_GIVEN] = os.environ["CUDA_VISIBLE_DEVICES"]


def show_gpus(launcher: Any) -> None:
    """Make all GPUs visible to a job again, so that it can claim a free one.

    Without ``gpus_per_node``, submitit's local executor hides every GPU from its jobs.
    """
    if launcher["_target_"].endswith(".LocalLauncher") and launcher["gpus_per_node"] is None:
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        if _GIVEN in os.environ:
            os.environ["CUDA_VISIBLE_DEVICES"] = os.environ[_GIVEN]
