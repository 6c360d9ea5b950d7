"""Runs that a table lacks, and the commands that make them."""

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
        asked["probe"] = f"[{table.group.protocol}]"
    ours = {key: _text(value) for key, value in asked.items() if not isinstance(value, list)}
    if "dataset" in ours:
        ours["dataset"] = _option(table.frame, ours["dataset"])
    overrides = _of_neighbour(table, row, place, ours) + [f"{k}={v}" for k, v in ours.items()]
    overrides.append("seed=" + ",".join(map(str, seeds)))
    # Options of groups before settings inside them, for readers; Hydra accepts any order.
    overrides.sort(key=lambda o: "." in o.split("=")[0])
    return shlex.join(["graphssl", *(["-m"] if len(seeds) > 1 else []), *overrides])


def _option(frame: pd.DataFrame, name: str) -> str:
    """Return the option of the graph ``name``, which may differ from its name."""
    known = frame[(frame["dataset"] == name) & frame["overrides"].notna()]
    for overrides in known["overrides"]:
        for override in overrides:
            if override.startswith("dataset="):
                return str(override.removeprefix("dataset="))
    return name


def _of_neighbour(
    table: Table, row: Row, place: Mapping[str, Any], ours: Mapping[str, str]
) -> list[str]:
    """Return the overrides of a run in the same row, or else column, that ``ours`` does not set."""
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
