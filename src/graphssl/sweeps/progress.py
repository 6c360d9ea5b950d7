"""Progress of a sweep, and an estimate of the remaining time.

Jobs may run in other processes, so they are counted through files in the sweep's folder.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from graphssl import shell
from graphssl.atomic import replace_text

# Outcomes of jobs that did all of their work.
_WORKED = ("done", "pruned")


class CountJobs(Callback):
    """Callback that counts the jobs of Hydra's own sweeper; other sweepers call ``begin``."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Multiply the numbers of values of all swept keys."""
        if config.hydra.runtime.choices["hydra/sweeper"] != "basic":
            return
        params = OmegaConf.select(config, "hydra.sweeper.params") or {}
        written = [f"{key}={value}" for key, value in params.items()]
        arguments = [*written, *config.hydra.overrides.task]
        axes = OverridesParser.create().parse_overrides(arguments)
        counts = [len(list(o.sweep_string_iterator())) for o in axes if o.is_sweep_override()]
        begin(Path(config.hydra.sweep.dir), math.prod(counts), arguments)


def begin(sweep_dir: Path, jobs: int, arguments: Sequence[str]) -> None:
    """Record that a sweep of ``jobs`` jobs, started with ``arguments``, begins now."""
    (sweep_dir / "ended").mkdir(parents=True, exist_ok=True)
    pace = {"jobs": jobs, "started": time.time(), "arguments": list(arguments), "ended": {}}
    replace_text(sweep_dir / "pace.json", json.dumps(pace))


def ended(job: Any, overrides: Sequence[str], outcome: str, started: float) -> None:
    """Print one line after a job: how many have ended, the time left, and the job's overrides.

    The time left is the mean duration of the jobs that did all of their work, times the number of
    remaining jobs, divided by the number of running ones.

    Args:
        job: Hydra's configuration of the job.
        overrides: overrides of the job.
        outcome: ``done``, ``done before``, ``failed``, ``skipped`` or ``pruned``.
        started: start of the job, in seconds since the epoch.
    """
    sweep_dir = Path(job.sweep.dir)
    if not (sweep_dir / "pace.json").exists():  # a sweeper that does not count its jobs
        return
    with FileLock(sweep_dir / "ended.lock"):
        pace = _count(sweep_dir, job.job.num, outcome, time.time() - started)
    own = [o for o in overrides if o not in pace["arguments"]] or overrides
    count = sum(jobs for jobs, _ in pace["ended"].values())
    left, line = pace["jobs"] - count, f"{count} of {pace['jobs']} jobs ended"
    worked = [pace["ended"][name] for name in _WORKED if name in pace["ended"]]
    if left > 0 and worked:
        jobs, seconds = map(sum, zip(*worked, strict=True))
        at_work = len(list((sweep_dir / "begun").glob("*.json"))) + 1
        line += f", about {duration(seconds / jobs * left / at_work)} left"
    # A single write, so that lines of parallel jobs do not mix.
    how = "" if outcome == "done" else f" ({outcome})"
    sys.stderr.write(f"graphssl: {line}: {shell.join(own)}{how}\n")
    sys.stderr.flush()


def _count(sweep_dir: Path, num: int, outcome: str, seconds: float) -> dict[str, Any]:
    """Add a job to the totals of the sweep and return them; a job that ends twice counts once."""
    pace, counted = _read(sweep_dir / "pace.json"), sweep_dir / "ended" / str(num)
    if not counted.exists():
        jobs, total = pace["ended"].get(outcome, (0, 0.0))
        pace["ended"][outcome] = (jobs + 1, total + seconds)
        replace_text(sweep_dir / "pace.json", json.dumps(pace))
        counted.touch()
    return pace


def summary(sweep_dir: Path) -> str:
    """Format ``10 jobs in 12 min: 8 done, 1 done before, 1 failed``; empty if no job has ended."""
    pace = _read(sweep_dir / "pace.json") if (sweep_dir / "pace.json").exists() else {}
    if not pace.get("ended"):
        return ""
    counts = {outcome: jobs for outcome, (jobs, _) in sorted(pace["ended"].items())}
    count = sum(counts.values())
    return (
        f"{'1 job' if count == 1 else f'{count} jobs'} in "
        f"{duration(time.time() - pace['started'])}: "
        + ", ".join(f"{jobs} {outcome}" for outcome, jobs in counts.items())
    )


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def duration(seconds: float) -> str:
    """Format ``seconds`` as ``45 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
