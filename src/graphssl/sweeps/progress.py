"""How far a sweep is, and about how long the rest takes.

Jobs may run in other processes, so they count themselves through files in the sweep's own folder.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


def begin(sweep_dir: Path, jobs: int) -> None:
    """Say that a sweep of ``jobs`` jobs begins now."""
    content = {"jobs": jobs, "started": time.time()}
    _path(sweep_dir).write_text(json.dumps(content), encoding="utf-8")


def _path(sweep_dir: Path) -> Path:
    return sweep_dir / "pace.json"


class TellProgress(Callback):
    """After each job: how many have ended, and about how long the rest takes at this pace."""

    def on_job_end(self, config: DictConfig, job_return: Any, **kwargs: Any) -> None:
        """Hydra calls it where the job ran."""
        path = _path(Path(config.hydra.sweep.dir))
        if not path.exists():
            return
        pace, folder = json.loads(path.read_text(encoding="utf-8")), path.with_name("ended")
        folder.mkdir(exist_ok=True)
        (folder / str(config.hydra.job.num)).touch()
        ended = len(list(folder.iterdir()))
        left = pace["jobs"] - ended
        seconds = (time.time() - pace["started"]) / ended * left
        print(f"graphssl: {ended} of {pace['jobs']} ended, about {duration(seconds)} left")


def duration(seconds: float) -> str:
    """``45 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
