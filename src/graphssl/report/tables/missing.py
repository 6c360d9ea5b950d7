"""Runs that a table lacks, and the commands that make them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl import shell
from graphssl.report.runs.selecting import select
from graphssl.report.tables.definition import Definition
from graphssl.report.tables.pivot import Row, Table


@dataclass(frozen=True)
class Missing:
    """Seeds that a cell lacks.

    Attributes:
        what: row, column and seeds.
        command: the command that runs them.
    """

    what: str
    command: str


def missing(table: Table, definition: Definition) -> list[Missing]:
    """List the seeds that each cell lacks, out of those found elsewhere in its column.

    Raw features are the same for every seed, so one run is enough.
    """
    lacking = []
    for column in table.columns:
        cells = {row: table.cell(row, column) for row in table.rows}
        seeds = {seed for cell in cells.values() for seed in cell.by_seed} or {0}
        for row, cell in cells.items():
            if cell.problem in ("mixed", "not measured"):
                continue
            lacks = sorted(seeds - cell.by_seed.keys())
            if row.match.get("objective") == "raw":
                lacks = [] if cell.by_seed else [0]
            if lacks:
                shown = ", ".join(map(str, lacks))
                what = f"{row.label}, {_column(table, definition, column)}: seed {shown}"
                lacking.append(Missing(what, _command(table, definition, row, column, lacks)))
    return lacking


def _column(table: Table, definition: Definition, column: Any) -> str:
    panel = "" if table.panel is None else f"{table.panel} "
    return panel + definition.column_label.format(column)


def _command(table: Table, definition: Definition, row: Row, column: Any, seeds: list[int]) -> str:
    """Return the command with the settings of row, column, panel and filters.

    All other overrides are taken from the record of a run in the same row or column, if there is
    one, so that number of steps, widths and the like are the same.
    """
    place = {definition.columns: column}
    if definition.panel is not None:
        place[definition.panel] = table.panel
    known = select(table.frame, row.match)
    filters = {
        key: value
        for key, value in (definition.filters or {}).items()
        if not isinstance(value, list)
        and not str(value).startswith("${")
        and ("." not in key or (key in known and known[key].notna().any()))
    }
    asked = {**row.relevant({**filters, **place}), **row.match}
    if table.group.protocol:
        asked["probe"] = f"[{asked.pop('protocol', table.group.protocol)}]"
    ours = {key: _text(value) for key, value in asked.items() if not isinstance(value, list)}
    if "dataset" in ours:
        ours["dataset"] = _option(table.frame, ours["dataset"])
    started = _neighbour(table, row, place)
    inside = {key.split(".")[0] for other in table.rows for key in other.match}
    # The value that a filter needs is set above, or is the default; the neighbour's may differ.
    fixed = {
        key for key, value in (definition.filters or {}).items() if not isinstance(value, list)
    }
    overrides = [
        *_kept(started, ours, inside, fixed),
        *(f"{key}={value}" for key, value in ours.items()),
        "seed=" + ",".join(map(str, seeds)),
    ]
    if (runs := str(Path(started["folder"]).parent)) != "runs":
        overrides.append(f"paths.runs={runs}")
    # Options of groups before settings inside them, for readers; Hydra accepts any order.
    overrides.sort(key=lambda o: "." in o.split("=")[0])
    return shell.join(["graphssl", *(["-m"] if len(seeds) > 1 else []), *overrides])


def _option(frame: pd.DataFrame, name: str) -> str:
    """Return the option of the graph ``name``, which may differ from its name."""
    known = frame[(frame["dataset"] == name) & frame["overrides"].notna()]
    for overrides in known["overrides"]:
        for override in overrides:
            if override.startswith("dataset="):
                return str(override.removeprefix("dataset="))
    return name


def _neighbour(table: Table, row: Row, place: Mapping[str, Any]) -> pd.Series:
    """Return the run to take overrides from: in the same row, else column, else any."""
    same_row = select(table.frame, row.match)
    for runs in (select(same_row, row.relevant(place)), select(table.frame, place), table.frame):
        known = runs[runs["overrides"].notna()]
        if not known.empty:
            return known.iloc[0]
    return table.frame.iloc[0]


def _kept(
    started: pd.Series, ours: Mapping[str, str], inside: Set[str], fixed: Set[str]
) -> Iterator[str]:
    """Yield the overrides of ``started`` that ``ours`` does not set or make void."""
    changed = {group for group, option in ours.items() if str(started.get(group)) != option}
    for override in started["overrides"] or ():
        key = override.split("=")[0].lstrip("+")
        if key in {*ours, *fixed, "seed", "paths.runs"}:
            continue
        if key.split(".")[0] not in {*inside, *changed}:
            yield override


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
