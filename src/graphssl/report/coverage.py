"""Counts of the runs read, shown, left out and failed, with reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from graphssl.report.formats.plain import plain
from graphssl.report.runs.records import Problem, Runs
from graphssl.report.tables.cell import Cell

# A run of fewer steps shows that everything works, not what a method is worth.
EVIDENCE_STEPS = 100
_KINDS = {
    "stale": "stale",
    "duplicate": "copies",
    "unfinished": "unfinished",
    "unreadable": "unreadable",
}


@dataclass(frozen=True)
class LeftOut:
    """Finished runs that no table shows, all for the same reason.

    Attributes:
        folders: of the runs.
        reason: one line.
        command: what shows them; empty where nothing does.
    """

    folders: tuple[str, ...]
    reason: str
    command: str = ""

    def __str__(self) -> str:
        """Format the number of runs and the reason."""
        return f"{counted(len(self.folders))}: {self.reason}"


@dataclass(frozen=True)
class Coverage:
    """What became of every run that was read: ``read = shown + left out + failed``.

    Attributes:
        read: runs found, whatever their state.
        shown: runs with a number in a table.
        left_out: finished runs without one, by reason.
        problems: runs that are not finished, or not of this code.
        smoke: what to say of numbers from very short training; empty where there are none.
    """

    read: int
    shown: int
    left_out: tuple[LeftOut, ...]
    problems: tuple[Problem, ...]
    smoke: str = ""

    def __str__(self) -> str:
        """``12 runs read: 8 shown, 3 left out (1 stale, 2 of other settings), 1 failed``."""
        kinds = Counter(problem.kind for problem in self.problems)
        failed = kinds.pop("failed", 0)
        unlike = sum(len(left.folders) for left in self.left_out)
        reasons = [f"{kinds[kind]} {name}" for kind, name in _KINDS.items() if kinds[kind]]
        if unlike:
            reasons.append(f"{unlike} not in a table")
        why = f" ({', '.join(reasons)})" if reasons else ""
        return (
            f"{counted(self.read)} read: {self.shown} shown, "
            f"{self.read - self.shown - failed} left out{why}, {failed} failed"
        )


def counted(runs: int) -> str:
    """Write a number of runs."""
    return "1 run" if runs == 1 else f"{runs} runs"


def cover(
    runs: Runs, frame: pd.DataFrame, cells: Iterable[Cell], left_out: Sequence[LeftOut]
) -> Coverage:
    """Count the runs that ``cells`` show; those of ``left_out`` are the other records.

    Args:
        runs: all that was read.
        frame: of their records.
        cells: of every table.
        left_out: reasons for all records without a cell that holds a number.
    """
    found = shown(cells)
    return Coverage(
        read=len(runs.records) + len(runs.problems),
        shown=len(found),
        left_out=tuple(left_out),
        problems=runs.problems,
        smoke=_smoke(frame[frame["folder"].isin(found)] if found else frame[:0]),
    )


def shown(cells: Iterable[Cell]) -> set[str]:
    """Folders of the runs behind the numbers of ``cells``."""
    return {folder for cell in cells if not cell.problem for folder in cell.runs}


def left_for(frame: pd.DataFrame, folders: Iterable[str], reason: str) -> list[LeftOut]:
    """List those of ``folders`` that have a record as left out for ``reason``, if any."""
    found = tuple(sorted(set(folders) & set(frame["folder"])))
    return [LeftOut(found, reason)] if found else []


def left_by(
    frame: pd.DataFrame, unlike: Mapping[str, Sequence[tuple[str, str]]]
) -> list[tuple[tuple[str, ...], LeftOut]]:
    """Group runs by the settings in which they are not what was asked for.

    Args:
        frame: of the runs.
        unlike: folder -> pairs of a setting and the value that was asked for.

    Returns:
        The settings of each group, and the group.
    """
    by_folder = frame.drop_duplicates("folder").set_index("folder")
    groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for folder, pairs in unlike.items():
        groups.setdefault(tuple(pairs), []).append(folder)
    found = []
    for pairs, folders in groups.items():
        reasons = []
        for key, wanted in pairs:
            values = by_folder.loc[folders, key].unique() if key in by_folder else [None]
            said = " or ".join("not set" if pd.isna(v) else plain(str(v)) for v in values[:4])
            more = f" or {len(values) - 4} others" if len(values) > 4 else ""
            reasons.append(f"{key} is {said}{more}, not {plain(wanted)}")
        keys = tuple(key for key, _ in pairs)
        found.append((keys, LeftOut(tuple(folders), "; ".join(reasons))))
    return found


def _smoke(frame: pd.DataFrame) -> str:
    if frame.empty:
        return ""
    runs = frame.drop_duplicates("folder")
    trained = runs[~runs["objective"].isin(["raw", "untrained"])]
    steps = trained["training/steps"]
    short = steps[steps < EVIDENCE_STEPS]
    if short.empty:
        return ""
    some = "" if len(short) == len(trained) else f"{len(short)} of {len(trained)} trained runs: "
    least, most = int(short.min()), int(short.max())
    counts = str(most) if least == most else f"{least} to {most}"
    return f"Smoke size, not evidence: {some}{counts} training steps."
