"""Runs that a table does not show, with the settings that no row of it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl import shell
from graphssl.report.coverage import LeftOut, left_by, left_for, shown
from graphssl.report.runs.selecting import keep, select
from graphssl.report.tables.definition import Definition, RowSpec
from graphssl.report.tables.pivot import Row, Table


def left_out(
    frame: pd.DataFrame, definition: Definition, tables: Sequence[Table], folder: str | Path
) -> list[LeftOut]:
    """List the runs of ``frame`` without a number in ``tables``, by reason.

    Args:
        frame: of every record that the table may take.
        definition: of the table.
        tables: made of it.
        folder: where the runs lie, for commands.
    """
    cells = [cell for table in tables for cell in table.every_cell]
    seen = shown(cells)
    found = []
    for problem, reason in (
        ("mixed", "in cells that would mix settings"),
        ("not measured", "without a measure of this table"),
    ):
        folders = {f for cell in cells if cell.problem == problem for f in cell.runs} - seen
        found += left_for(frame, folders, reason)
        seen |= folders
    rest = frame[~frame["folder"].isin(seen)].drop_duplicates("folder")
    if rest.empty:
        return found
    unlike = _unlike(rest, definition)
    unmeasured = [f for f, pairs in unlike.items() if not pairs]
    found += left_for(rest, unmeasured, f"without {definition.columns} or a measure of this table")
    for keys, group in left_by(rest, {f: pairs for f, pairs in unlike.items() if pairs}):
        found.append(replace(group, command=_command(folder, definition, keys, rest, group)))
    return found


def _unlike(frame: pd.DataFrame, definition: Definition) -> dict[str, list[tuple[str, str]]]:
    """Return folder -> settings unlike those of the nearest row, each with what that row needs."""
    nearest: dict[str, list[tuple[str, str]]] = {}
    for spec in (*definition.rows, *definition.floors):
        wanted = _wanted(spec, definition)
        passes = {
            key: set((select if strict else keep)(frame, {key: value})["folder"])
            for key, (value, strict) in wanted.items()
        }
        for key in spec.by:
            passes[key] = set(frame.loc[frame[key].notna(), "folder"]) if key in frame else set()
        for folder in frame["folder"]:
            unlike = [
                (key, _said(wanted[key][0] if key in wanted else "set"))
                for key, folders in passes.items()
                if folder not in folders
            ]
            if folder not in nearest or len(unlike) < len(nearest[folder]):
                nearest[folder] = unlike
    return nearest


def _wanted(spec: RowSpec, definition: Definition) -> dict[str, tuple[Any, bool]]:
    """Return setting -> value, and whether it is required; filters pass runs without a setting."""
    relevant = Row(spec.label, spec.match, spec).relevant(definition.filters or {})
    filters = {key: (value, False) for key, value in relevant.items()}
    return {**{key: (value, True) for key, value in spec.match.items()}, **filters}


def _said(wanted: Any) -> str:
    if isinstance(wanted, str) and wanted.startswith("${"):
        return f"as {wanted[2:-1]}"
    return " or ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)


def _command(
    folder: str | Path,
    definition: Definition,
    keys: Sequence[str],
    frame: pd.DataFrame,
    group: LeftOut,
) -> str:
    """Return the command that shows the runs: other filters on this table, else all runs."""
    words = ["graphssl-report", str(folder)]
    if set(keys) <= set(definition.filters or {}):
        run = frame[frame["folder"] == group.folders[0]].iloc[0]
        words += ["--table", definition.name]
        words += [word for key in keys for word in ("--filter", f"{key}={_text(run[key])}")]
    return shell.join(words)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
