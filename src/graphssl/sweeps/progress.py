"""Progress of a sweep, and an estimate of the remaining time.

Jobs may run in other processes, so they are counted through files in the sweep's folder.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

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
    sweep_dir.mkdir(parents=True, exist_ok=True)
    content = {"jobs": jobs, "started": time.time(), "arguments": list(arguments)}
    replace_text(sweep_dir / "pace.json", json.dumps(content))


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
    pace = _read(sweep_dir / "pace.json")
    own = " ".join(o for o in overrides if o not in pace["arguments"]) or " ".join(overrides)
    note = {"outcome": outcome, "seconds": time.time() - started}
    (sweep_dir / "ended").mkdir(exist_ok=True)
    with FileLock(sweep_dir / "ended.lock"):
        replace_text(sweep_dir / "ended" / f"{job.job.num}.json", json.dumps(note))
        notes = _ended(sweep_dir)
    left, took = pace["jobs"] - len(notes), [n["seconds"] for n in notes if n["outcome"] in _WORKED]
    line = f"{len(notes)} of {pace['jobs']} jobs ended"
    if left > 0 and took:
        at_work = len(list((sweep_dir / "begun").glob("*.json"))) + 1
        line += f", about {duration(sum(took) / len(took) * left / at_work)} left"
    # A single write, so that lines of parallel jobs do not mix.
    sys.stderr.write(f"graphssl: {line}: {own}{'' if outcome == 'done' else f' ({outcome})'}\n")
    sys.stderr.flush()


def summary(sweep_dir: Path) -> str:
    """Format ``10 jobs in 12 min: 8 done, 1 done before, 1 failed``; empty if no job has ended."""
    notes = _ended(sweep_dir)
    if not notes:
        return ""
    counts = Counter(note["outcome"] for note in notes)
    took = time.time() - _read(sweep_dir / "pace.json")["started"]
    jobs = "1 job" if len(notes) == 1 else f"{len(notes)} jobs"
    return f"{jobs} in {duration(took)}: " + ", ".join(
        f"{n} {o}" for o, n in sorted(counts.items())
    )


def _ended(sweep_dir: Path) -> list[dict[str, Any]]:
    return [_read(path) for path in (sweep_dir / "ended").glob("*.json")]


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def duration(seconds: float) -> str:
    """Format ``seconds`` as ``45 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
