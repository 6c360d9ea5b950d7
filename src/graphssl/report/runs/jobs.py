"""Jobs of sweeps that failed before they had a folder: the notes that a sweep leaves of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from graphssl.errors import DataError
from graphssl.report.runs.records import Problem, Runs, command, failure, read_runs


def read_all(root: Path) -> Runs:
    """Read the runs in ``root``, and the jobs of its sweeps that failed without a folder.

    Raises:
        DataError: the folder does not exist, or contains neither a run nor a failed job.
    """
    try:
        runs = read_runs(root)
    except DataError:
        runs = Runs((), ())
        if not (jobs := list(_failed_jobs(root, runs))):
            raise
        return replace(runs, problems=tuple(jobs))
    return replace(runs, problems=(*runs.problems, *_failed_jobs(root, runs)))


def _failed_jobs(root: Path, runs: Runs) -> Iterator[Problem]:
    """Yield the last note of each job whose command is that of no run folder."""
    known = {command(record.content.get("overrides")) for record in runs.records}
    known |= {problem.command for problem in runs.problems}
    # <runs>/multirun/<when>/failed/<number>.json, as sweeps/outcomes.py writes it
    notes = sorted(root.glob("**/multirun/*/failed/*.json"))
    last = {problem.command or str(problem.folder): problem for problem in map(failure, notes)}
    yield from (problem for problem in last.values() if problem.command not in known - {""})
