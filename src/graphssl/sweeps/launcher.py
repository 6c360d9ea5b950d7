"""What the launcher of a sweep means for each of its jobs. Imports no torch."""

from __future__ import annotations

import os
from typing import Any

_GIVEN = "GRAPHSSL_CUDA_VISIBLE_DEVICES"


def threads_per_job(launcher: Any) -> int | None:
    """Threads that leave room for the jobs beside; None where jobs run one after another.

    Joblib: this machine's cores over ``n_jobs``. Submitit: ``cpus_per_task``, one if it says none.

    Args:
        launcher: Hydra's configuration of the launcher.
    """
    match launcher["_target_"].rsplit(".")[-1]:
        case "JoblibLauncher":
            from joblib import cpu_count

            cores, jobs = cpu_count(), launcher["n_jobs"]
            # Joblib counts back from all the cores: -1 is all, -2 all but one.
            return int(max(1, cores // (jobs if jobs > 0 else max(1, cores + 1 + jobs))))
        case "LocalLauncher" | "SlurmLauncher":
            return launcher["cpus_per_task"] or 1
    return None


def keep_visible_gpus() -> None:
    """Note for the jobs which GPUs this process was given, before submitit overwrites it."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        os.environ[_GIVEN] = os.environ["CUDA_VISIBLE_DEVICES"]


def show_gpus(launcher: Any) -> None:
    """Undo what submitit's local executor does to a job: without ``gpus_per_node`` it sees no GPU.

    Every job must see them all to claim a free one.
    """
    if launcher["_target_"].endswith(".LocalLauncher") and launcher["gpus_per_node"] is None:
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        if _GIVEN in os.environ:
            os.environ["CUDA_VISIBLE_DEVICES"] = os.environ[_GIVEN]
