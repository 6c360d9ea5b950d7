"""A table of all runs: one row per condition, sorted by validation score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl.errors import DataError
from graphssl.metric_names import metric_label
from graphssl.report.build import (
    Report,
    no_metric,
    not_under,
    of_protocol,
    read_frame,
)
from graphssl.report.coverage import Coverage, LeftOut, cover, left_by, left_for, shown
from graphssl.report.document import Document, make_document
from graphssl.report.listing import Listed, coverage_lists
from graphssl.report.runs.records import command
from graphssl.report.runs.selecting import select
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.definition import Definition, RowSpec, ValueSpec
from graphssl.report.tables.grid import Grid, Text
from graphssl.report.tables.pivot import Group, by_split, make_cell, pivot, why_mixed
from graphssl.report.varied import shared, varied

_BOARD = ["graph/name", "graph/fingerprint", "labels_used"]
_GROUP = ["protocol", "protocol_settings", "split_seed", "metric"]
_RANK = "{}/effective_rank_centred"
_VALUES = (
    ValueSpec("val_score"),
    ValueSpec("score"),
    ValueSpec(_RANK.format("representation"), "effective rank, representation", digits=1),
    ValueSpec(_RANK.format("embedding"), "effective rank, embedding", digits=1),
)
# Names of these in a CSV file.
_NAMES = {
    "val_score": "validation",
    "score": "test",
    **{_RANK.format(where): f"effective_rank_{where}" for where in ("representation", "embedding")},
}
NAME, TITLE = "leaderboard", "Runs"
_DRAWN = 8  # settings per graph whose lines are still distinguishable in a figure
FLOORS = ("raw", "untrained", "supervised")


@dataclass(frozen=True)
class Entry:
    """One condition: its varied settings, its validation score, and its measures over seeds."""

    condition: str
    settings: Mapping[str, str]
    validation: Cell
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Board:
    """The conditions of one graph under one protocol, best validation score first.

    Without a protocol in ``group`` they were not probed.
    """

    dataset: str
    group: Group
    labels_used: bool
    settings: tuple[str, ...]
    same: Mapping[str, str]
    values: tuple[ValueSpec, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Leaderboard:
    """Every board of a folder of runs.

    Attributes:
        boards: one per graph, protocol with its settings, and metric.
        lists: headings with lines under the boards: a description, and the command that fixes it.
        coverage: what became of every run of the folder.
        drawn: tables of the best settings, to draw figures of; None without a finished run.
    """

    boards: tuple[Board, ...]
    lists: tuple[Listed, ...]
    coverage: Coverage
    drawn: Report | None


def build_leaderboard(
    folder: str | Path,
    filters: Mapping[str, Any] | None = None,
    protocol: str | None = None,
    metrics: Sequence[str] = (),
) -> Leaderboard:
    """Rank the runs in ``folder`` and its subfolders by their validation score.

    Args:
        folder: where the runs lie.
        filters: field of ``load_frame`` -> value that the runs have.
        protocol: only scores of this probe protocol.
        metrics: measures to show in place of scores and ranks, by their column in ``load_frame``.

    Raises:
        ConfigError: unknown filter or protocol.
        DataError: no run in the folder with these filters, or none that has one of ``metrics``.
    """
    runs, every = read_frame(folder, filters or {}, protocol)
    if every.empty:
        coverage = cover(runs, every, (), ())
        return Leaderboard((), tuple(coverage_lists(coverage)), coverage, None)
    frame = select(of_protocol(every, protocol), filters or {})
    if frame.empty:
        raise DataError(f"none of the runs in {folder} has these filters")
    values = tuple(map(ValueSpec, metrics)) or _VALUES
    if unknown := [v.key for v in values if metrics and not _any(v, frame)]:
        raise DataError(no_metric(unknown[0], frame))
    # A copy joins the many columns, to which pandas would add slowly.
    frame = frame.copy().assign(**{key: None for key in (*_BOARD, *_GROUP) if key not in frame})
    boards, mixed = [], []
    for _, members in frame.groupby([*_BOARD, *_GROUP], dropna=False, sort=True):
        board, reasons = _board(members, [v for v in values if _any(v, members)])
        boards.append(board)
        mixed += reasons
    lists = [("Runs that are not averaged", [(line, "") for line in mixed])] if mixed else []
    if without := _without_validation(frame):
        lists.append(("Runs without validation nodes, which are not ranked", without))
    cells = [cell for b in boards for entry in b.entries for cell in entry.cells.values()]
    coverage = cover(
        runs,
        every,
        cells,
        [*_left_out(every, frame, cells, filters or {}), *not_under(every, protocol)],
    )
    return Leaderboard(
        tuple(boards),
        (*lists, *coverage_lists(coverage)),
        coverage,
        _drawn(frame, boards, coverage),
    )


def _any(value: ValueSpec, frame: pd.DataFrame) -> bool:
    return value.key in frame and bool(frame[value.key].notna().any())


def _left_out(
    every: pd.DataFrame, frame: pd.DataFrame, cells: Sequence[Cell], filters: Mapping[str, Any]
) -> list[LeftOut]:
    unlike: dict[str, list[tuple[str, str]]] = {}
    for key, value in filters.items():
        for folder in set(every["folder"]) - set(select(every, {key: value})["folder"]):
            unlike.setdefault(folder, []).append((key, str(value)))
    found = [group for _, group in left_by(every, unlike)]
    mixed = {f for cell in cells if cell.problem == "mixed" for f in cell.runs} - shown(cells)
    found += left_for(frame, mixed, "in rows that would mix runs")
    rest = set(frame["folder"]) - shown(cells) - mixed
    return found + left_for(frame, rest, "without one of these measures")


def _board(runs: pd.DataFrame, values: Sequence[ValueSpec]) -> tuple[Board, list[str]]:
    first = runs.iloc[0]
    name = str(first["graph/name"])
    settings = varied(runs)
    entries, mixed = [], []
    for condition, members in runs.groupby("condition", sort=False):
        own = settings[str(condition)]
        cells = {value.key: make_cell(members, value.key) for value in values}
        entries.append(Entry(str(condition), own, make_cell(members, "val_score"), cells))
        if any(cell.problem == "mixed" for cell in cells.values()):
            mixed.append(f"{name}, {said(own)}: {why_mixed(members)}")
    entries.sort(key=lambda e: (bool(e.validation.problem), _descending(e), said(e.settings)))
    probed = isinstance(first["protocol"], str)
    group = Group(
        first["protocol"], first["protocol_settings"], first["split_seed"], metric=first["metric"]
    )
    board = Board(
        dataset=name,
        group=group if probed else Group(),
        labels_used=bool(first["labels_used"]),
        settings=tuple(next(iter(settings.values()))),
        same=shared(runs),
        values=tuple(values),
        entries=tuple(entries),
    )
    return board, mixed


def _descending(entry: Entry) -> float:
    return 0.0 if entry.validation.problem else -entry.validation.mean


def said(settings: Mapping[str, str]) -> str:
    """Format ``settings`` on one line."""
    return ", ".join(f"{key} {value}" for key, value in settings.items() if value)


def _drawn(frame: pd.DataFrame, boards: Sequence[Board], coverage: Coverage) -> Report:
    """Return the report to draw figures of: one row per setting, the best of each board."""
    chosen = {entry.condition for board in boards for entry in board.entries[:_DRAWN]}
    runs = frame[frame["condition"].isin(chosen)]
    labels: dict[str, str] = {}
    for _, members in runs.groupby("dataset"):
        objectives = members.groupby("condition")["objective"].first()
        settings = varied(members)
        labels |= {c: said(settings[c]) or str(objectives[c]) for c in settings}
    runs = runs.assign(setting=runs["condition"].map(labels))
    by = ("objective", "setting")
    floors = [name for name in FLOORS if name in set(runs["objective"])]
    methods = [name for name in runs["objective"].unique() if name not in FLOORS]
    definition = Definition(
        name=NAME,
        title=TITLE,
        rows=(RowSpec("{1}", {"objective": methods}, by),),
        floors=(RowSpec("{1}", {"objective": floors}, by),),
        columns="dataset",
        values=_VALUES[1:3],
    )
    tables = [t for v in definition.values if _any(v, runs) for t in pivot(runs, definition, v)]
    return Report(definition, tuple(tables), (), coverage, ())


def _without_validation(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """List runs without a validation score, and the commands that add one."""
    groups: dict[tuple[str, tuple[str, ...]], list[Any]] = {}
    for folder, rows in frame.groupby("folder", sort=True):
        if "val_score" in rows and rows["val_score"].notna().any():
            continue
        protocols = ", ".join(rows["protocol"].dropna()) or "none"
        # Runs that differ in their seed alone share a command; others have one each, or none.
        started = rows.iloc[0]["overrides"] or (str(folder),)
        kept = tuple(o for o in started if o.partition("=")[0] not in ("probe", "seed"))
        groups.setdefault((protocols, kept), []).append(rows.iloc[0])
    lines = []
    for (protocols, kept), runs in groups.items():
        seeds = sorted({int(run["seed"]) for run in runs})
        said = f"{runs[0]['folder']}{f' and {len(runs) - 1} more' if len(runs) > 1 else ''}"
        many = ["-m"] if len(seeds) > 1 else []
        words = [*many, *kept, f"seed={','.join(map(str, seeds))}", "probe=[random_10_10_80]"]
        fix = command(words) if runs[0]["overrides"] else ""
        lines.append((f"{said}: probed under {protocols}", fix))
    return lines


def board_document(leaderboard: Leaderboard) -> Document:
    """Return the document of a leaderboard."""
    return make_document(
        NAME, TITLE, leaderboard.coverage, map(_grid, leaderboard.boards), leaderboard.lists
    )


def _grid(board: Board) -> Grid:
    group = board.group
    metric = metric_label(group.metric)
    header = (
        *board.settings,
        "seeds",
        *(v.called(group.metric if by_split(v.key) else "") for v in board.values),
    )
    rows = tuple(_fields(board, entry, first=n == 0) for n, entry in enumerate(board.entries))
    under = f"{group.protocol}: {metric}" if group.protocol else "not probed"
    kind = ", labels used in training" if board.labels_used else ""
    return Grid(
        f"Runs, {board.dataset}, {under}{kind}", _caption(board), header, rows, len(board.settings)
    )


def _caption(board: Board) -> str:
    group = board.group
    lines = []
    if group.protocol:
        settings = f" ({group.settings})" if group.settings else ""
        lines.append(f"Probe protocol {group.protocol}{settings}, split seed {group.split_seed}.")
        ranked = any(not entry.validation.problem for entry in board.entries)
        lines.append(
            "Sorted by validation score."
            if ranked
            else "Not sorted by score: the protocol has no validation nodes."
        )
    lines.append(
        "Mean over splits and pretraining seeds ± sample std between seeds; ranks are those of the "
        "centred matrices."
    )
    if same := {key: value for key, value in board.same.items() if key not in board.settings}:
        lines.append(f"The same for all: {said(same)}.")
    return " ".join(lines)


def _fields(board: Board, entry: Entry, first: bool) -> tuple[Text, ...]:
    seeds = max((len(cell.by_seed) for cell in entry.cells.values()), default=0)
    best = "best" if first and not entry.validation.problem else ""
    return (
        *(Text(value) for value in entry.settings.values()),
        Text(str(seeds), sort=seeds),
        *(
            _number(entry.cells[v.key], v.digits, seeds, best if v.key == "val_score" else "")
            for v in board.values
        ),
    )


def _number(cell: Cell, digits: int, seeds: int, mark: str) -> Text:
    if cell.problem:
        return Text("-" if cell.problem == "not measured" else cell.problem)
    std = "" if cell.seed_std is None else f" ± {cell.seed_std:.{digits}f}"
    fewer = "" if len(cell.by_seed) == seeds else f" ({len(cell.by_seed)})"
    return Text(f"{cell.mean:.{digits}f}{std}{fewer}", mark, cell.mean)


def board_csv(leaderboard: Leaderboard) -> str:
    """Render one line per condition, with unrounded numbers."""
    lines = [line for board in leaderboard.boards for line in _lines(board)]
    return pd.DataFrame(lines).to_csv(index=False)


def _lines(board: Board) -> Iterator[dict[str, Any]]:
    for entry in board.entries:
        cells = entry.cells.items()
        yield {
            "graph": board.dataset,
            "protocol": board.group.protocol,
            "protocol_settings": board.group.settings,
            "split_seed": board.group.split_seed,
            "labels_used": board.labels_used,
            "metric": board.group.metric,
            **entry.settings,
            **{_NAMES.get(key, key): None if c.problem else c.mean for key, c in cells},
            **{f"{_NAMES.get(k, k)}_std": None if c.problem else c.seed_std for k, c in cells},
            "seeds": max((len(cell.by_seed) for _, cell in cells), default=0),
            "problem": next((cell.problem for _, cell in cells if cell.problem == "mixed"), ""),
        }
