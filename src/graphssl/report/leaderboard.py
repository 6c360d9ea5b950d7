"""A leaderboard of a sweep, sorted by validation score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl.errors import DataError
from graphssl.metric_names import metric_label
from graphssl.report.build import read_frame
from graphssl.report.listing import Listed, problem_lists
from graphssl.report.runs.records import command
from graphssl.report.runs.selecting import select
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.grid import Grid, Text
from graphssl.report.tables.pivot import Group, make_cell, why_mixed
from graphssl.report.varied import varied

_BOARD = ["graph/name", "graph/fingerprint", "labels_used"]
_GROUP = ["protocol", "protocol_settings", "split_seed", "metric"]
_RANKS = ("representation", "embedding")


@dataclass(frozen=True)
class Entry:
    """One condition: its varied settings, and its scores and effective ranks over seeds."""

    settings: Mapping[str, str]
    validation: Cell
    test: Cell
    ranks: Mapping[str, Cell]


@dataclass(frozen=True)
class Board:
    """The conditions of one graph under one protocol, best validation score first."""

    dataset: str
    group: Group
    labels_used: bool
    settings: tuple[str, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Leaderboard:
    """Every board of a folder of runs.

    Attributes:
        boards: one per graph, protocol with its settings, and metric.
        lists: headings with items to print under the boards: a description, and the command that
            fixes the problem.
    """

    boards: tuple[Board, ...]
    lists: tuple[Listed, ...]


def build_leaderboard(
    folder: str | Path, filters: Mapping[str, Any] | None = None, protocol: str | None = None
) -> Leaderboard:
    """Rank the runs in ``folder`` and its subfolders by their validation score.

    Args:
        folder: the folder of runs.
        filters: field of ``load_frame`` -> value that the runs must have.
        protocol: use only scores of this probe protocol.

    Raises:
        ConfigError: a filter or the protocol is unknown.
        DataError: no run in the folder was probed.
    """
    runs, frame = read_frame(folder, filters or {}, protocol)
    frame = select(frame, filters or {})
    probed = frame[frame["protocol"].notna()]
    if probed.empty:
        raise DataError(f"leaderboard: no run in {folder} with these filters was probed")
    missing = [key for key in _BOARD if key not in probed]
    probed = probed.assign(**dict.fromkeys(missing))
    boards, mixed = [], []
    for _, members in probed.groupby([*_BOARD, *_GROUP], dropna=False, sort=True):
        board, reasons = _board(members)
        boards.append(board)
        mixed += reasons
    lists = [("Runs that are not averaged", [(line, "") for line in mixed])] if mixed else []
    if without := _without_validation(frame):
        lists.append(("Runs without validation nodes, which are not ranked", without))
    return Leaderboard(tuple(boards), (*lists, *problem_lists(runs.problems)))


def _board(runs: pd.DataFrame) -> tuple[Board, list[str]]:
    first = runs.iloc[0]
    name = str(first["graph/name"])
    settings = varied(runs)
    entries, mixed = [], []
    for condition, members in runs.groupby("condition", sort=False):
        own = settings[str(condition)]
        entry = Entry(
            settings=own,
            validation=make_cell(members, "val_score"),
            test=make_cell(members, "score"),
            ranks={w: make_cell(members, f"{w}/effective_rank_centred") for w in _RANKS},
        )
        entries.append(entry)
        if entry.test.problem == "mixed":
            mixed.append(f"{name}, {_shown(own)}: {why_mixed(members)}")
    entries.sort(key=lambda e: (bool(e.validation.problem), _descending(e), _shown(e.settings)))
    group = Group(first["protocol"], first["protocol_settings"], first["split_seed"])
    board = Board(
        dataset=name,
        group=Group(group.protocol, group.settings, group.split_seed, metric=first["metric"]),
        labels_used=bool(first["labels_used"]),
        settings=tuple(next(iter(settings.values()))),
        entries=tuple(entries),
    )
    return board, mixed


def _descending(entry: Entry) -> float:
    return 0.0 if entry.validation.problem else -entry.validation.mean


def _shown(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items() if value)


def _without_validation(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """List runs without a validation score, and the commands that add one."""
    lines = []
    for folder, rows in frame.groupby("folder", sort=True):
        if "val_score" in rows and rows["val_score"].notna().any():
            continue
        protocols = ", ".join(rows["protocol"].dropna()) or "none"
        overrides = rows.iloc[0]["overrides"]
        if isinstance(overrides, tuple):
            kept = [o for o in overrides if o.partition("=")[0] != "probe"]
            fix = command([*kept, "probe=[random_10_10_80]"])
        else:
            fix = ""
        lines.append((f"{folder}: probed under {protocols}", fix))
    return lines


def board_grids(leaderboard: Leaderboard) -> Iterator[Grid]:
    """Yield one grid per board."""
    for board in leaderboard.boards:
        metric = metric_label(board.group.metric)
        header = (
            *board.settings,
            f"validation {metric} (%)",
            f"test {metric} (%)",
            *(f"effective rank, {where}" for where in _RANKS),
        )
        rows = tuple(_fields(entry, first=n == 0) for n, entry in enumerate(board.entries))
        kind = ", labels used in training" if board.labels_used else ""
        title = f"Leaderboard, {board.dataset}, {board.group.protocol}{kind}: {metric}"
        yield Grid(title, _caption(board), header, rows)


def _caption(board: Board) -> str:
    group = board.group
    settings = f" ({group.settings})" if group.settings else ""
    ranked = (
        "Sorted by validation score"
        if any(not entry.validation.problem for entry in board.entries)
        else "Not sorted by score: the protocol has no validation nodes"
    )
    return (
        f"Probe protocol {group.protocol}{settings}, split seed {group.split_seed}. {ranked}. Mean "
        "over splits and pretraining seeds ± sample std between seeds (number of seeds); ranks are "
        "those of the centred matrices. Settings that all runs share are left out."
    )


def _fields(entry: Entry, first: bool) -> tuple[Text, ...]:
    best = "best" if first and not entry.validation.problem else ""
    return (
        *(Text(value) for value in entry.settings.values()),
        _number(entry.validation, 2, best),
        _number(entry.test, 2),
        *(_number(cell, 1) for cell in entry.ranks.values()),
    )


def _number(cell: Cell, digits: int, mark: str = "") -> Text:
    if cell.problem:
        return Text("-" if cell.problem == "not measured" else cell.problem)
    std = "" if cell.seed_std is None else f" ± {cell.seed_std:.{digits}f}"
    return Text(f"{cell.mean:.{digits}f}{std} ({len(cell.by_seed)})", mark, cell.mean)


def board_csv(leaderboard: Leaderboard) -> str:
    """Render one line per condition, with unrounded numbers."""
    lines = [line for board in leaderboard.boards for line in _lines(board)]
    return pd.DataFrame(lines).to_csv(index=False)


def _lines(board: Board) -> Iterator[dict[str, Any]]:
    for entry in board.entries:
        measured: Sequence[tuple[str, Cell]] = [
            ("validation", entry.validation),
            ("test", entry.test),
            *((f"effective_rank_{where}", cell) for where, cell in entry.ranks.items()),
        ]
        yield {
            "graph": board.dataset,
            "protocol": board.group.protocol,
            "protocol_settings": board.group.settings,
            "split_seed": board.group.split_seed,
            "labels_used": board.labels_used,
            "metric": board.group.metric,
            **entry.settings,
            **{name: None if cell.problem else cell.mean for name, cell in measured},
            **{f"{n}_std": None if cell.problem else cell.seed_std for n, cell in measured},
            "seeds": len(entry.test.by_seed),
            "problem": entry.test.problem,
        }
