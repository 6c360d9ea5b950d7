"""The remaining jobs of a sweep, and an estimate of their duration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from omegaconf import DictConfig

from graphssl.config import build
from graphssl.config.compose import group_choices, resolved
from graphssl.pipeline.request import run_id
from graphssl.report.runs.records import Record, read_runs
from graphssl.results.record import unscored
from graphssl.sweeps.progress import duration

FLOORS = ("raw", "untrained", "supervised")
OVERHEAD = 1.0  # seconds per job besides training and probing: composing, loading, diagnostics


@dataclass(frozen=True)
class Plan:
    """A sweep before it starts.

    Attributes:
        left: overrides of the jobs that remain to be done.
        done: number of finished jobs.
        seconds: estimated duration of the remaining jobs, one after the other; None if unknown.
    """

    left: list[list[str]]
    done: int
    seconds: float | None

    def __str__(self) -> str:
        counts = f"{self.done + len(self.left)} runs, {self.done} done, {len(self.left)} left"
        if not self.left:
            return counts
        if self.seconds is None:
            return f"{counts}, duration unknown until the first ones are done"
        return f"{counts}, about {duration(self.seconds)} one after the other"


def make_plan(
    jobs: Sequence[tuple[Sequence[str], DictConfig]], seconds: Mapping[str, float]
) -> Plan:
    """Plan the remaining jobs.

    Args:
        jobs: overrides and composed configuration of each job; all share ``paths.runs``.
        seconds: dataset -> wall time of one pretraining run, for datasets without a run so far.
    """
    if not jobs:
        return Plan([], 0, 0.0)
    runs = build.folder(jobs[0][1], "runs")
    records = {r.content["id"]: r for r in read_runs(runs).records} if _any(runs) else {}
    timed = _timed(records.values())
    left: list[list[str]] = []
    estimates: list[float | None] = []
    for overrides, config in jobs:
        plain = resolved(config)
        record = records.get(run_id(config, plain=plain))
        if record is None or config.force or unscored(record.content, plain):
            left.append(list(overrides))
            estimates.append(_estimate(config, timed, seconds))
    known = [estimate for estimate in estimates if estimate is not None]
    total = sum(known) + OVERHEAD * len(known) if len(known) == len(estimates) else None
    return Plan(left, len(jobs) - len(left), total)


def _any(runs: Path) -> bool:
    return next(runs.rglob("record.json"), None) is not None


Kind = tuple[str, str, str]  # options of dataset, encoder, objective


def _timed(records: Iterable[Record]) -> dict[Kind, list[tuple[float, int]]]:
    """Collect wall time and steps of the existing runs, by kind."""
    found: dict[Kind, list[tuple[float, int]]] = {}
    for record in records:
        training = record.content["training"]
        seconds = training.get("seconds", 0.0) + training.get("probe_seconds", 0.0)
        kind = _kind(record.content["choices"])
        found.setdefault(kind, []).append((seconds, training["steps"]))
    return found


def _kind(choices: Mapping[str, Any]) -> Kind:
    return choices["dataset"], choices["encoder"], choices["objective"]


def _estimate(
    config: DictConfig,
    timed: Mapping[Kind, Sequence[tuple[float, int]]],
    seconds: Mapping[str, float],
) -> float | None:
    choices = group_choices(config.hydra.runtime.choices, list(config.hydra.overrides.task))
    steps = config.trainer.steps
    if earlier := timed.get(_kind(choices)):
        return median(took * (steps / of if of else 1) for took, of in earlier)
    # The floors take next to no time compared with a pretraining run.
    return 0.0 if choices["objective"] in FLOORS else seconds.get(choices["dataset"])
