"""What a table lacks, and the command that completes it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from graphssl.report.runs.selecting import select
from graphssl.report.tables.definition import Definition
from graphssl.report.tables.pivot import Row, Table


@dataclass(frozen=True)
class Missing:
    """Seeds that a cell lacks: what is missing, in words, and the command that runs it."""

    what: str
    command: str


def missing(table: Table, definition: Definition) -> list[Missing]:
    """The seeds that each cell lacks, of those found elsewhere in its column.

    Raw features are the same for every seed: one run is enough.
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
    """``graphssl`` with what the row, the column, the panel and the filters ask for.

    Where records tell how their runs were started, the rest is taken from a run of the same
    column, so that number of steps, widths and the like are the same.
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
        asked["probe"] = f"[{table.group.protocol}]"
    ours = {key: _text(value) for key, value in asked.items() if not isinstance(value, list)}
    if "dataset" in ours:
        ours["dataset"] = _option(table.frame, ours["dataset"])
    overrides = _of_neighbour(table, row, place, ours) + [f"{k}={v}" for k, v in ours.items()]
    overrides.append("seed=" + ",".join(map(str, seeds)))
    # A group's option comes before settings inside the group, for people; Hydra does not mind.
    overrides.sort(key=lambda o: "." in o.split("=")[0])
    return shlex.join(["graphssl", *(["-m"] if len(seeds) > 1 else []), *overrides])


def _option(frame: pd.DataFrame, name: str) -> str:
    """The option by which the graph ``name`` was chosen: its name, but where several share one."""
    known = frame[(frame["dataset"] == name) & frame["overrides"].notna()]
    for overrides in known["overrides"]:
        for override in overrides:
            if override.startswith("dataset="):
                return str(override.removeprefix("dataset="))
    return name


def _of_neighbour(
    table: Table, row: Row, place: Mapping[str, Any], ours: Mapping[str, str]
) -> list[str]:
    """How a run of the same row, else of the same column, was started, less what ``ours`` says."""
    runs = table.frame[table.frame["overrides"].notna()]
    same_row = select(runs, row.match)
    if (neighbours := select(same_row, row.relevant(place))).empty:
        neighbours = select(runs, place)
    if neighbours.empty:
        return []
    inside = {head for other in table.rows for key in other.match for head in [key.split(".")[0]]}
    started: pd.Series = neighbours.iloc[0]
    kept = []
    for override in started["overrides"]:
        key = override.split("=")[0].lstrip("+")
        if key not in ours and key != "seed" and key.split(".")[0] not in inside | {"paths"}:
            kept.append(override)
    return kept


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
