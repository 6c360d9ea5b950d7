"""A whole report: the tables of one definition, what is missing, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl.errors import ConfigError, DataError
from graphssl.report.runs.frame import make_frame
from graphssl.report.runs.records import Problem, Runs, read_runs
from graphssl.report.tables.definition import Definition, ValueSpec, load_definition
from graphssl.report.tables.missing import Missing, missing
from graphssl.report.tables.pivot import Table, by_split, pivot


@dataclass(frozen=True)
class Report:
    """What a table is made of, before it has a format.

    Attributes:
        tables: one per measure, panel, protocol, metric and selection rule.
        missing: runs that the tables lack.
        problems: runs of the folder that are in no table.
        notes: one line for each measure that no record has.
    """

    definition: Definition
    tables: tuple[Table, ...]
    missing: tuple[Missing, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def compose_report(
    folder: str | Path,
    table: str = "main",
    filters: Mapping[str, Any] | None = None,
    protocol: str | None = None,
    metrics: tuple[str, ...] = (),
) -> Report:
    """The report of table ``table`` over the runs at or below ``folder``.

    Args:
        folder: where the runs lie.
        table: name of a shipped table, or path of a yaml file.
        filters: further filters, field -> value; they replace the table's own.
        protocol: only scores of this probe protocol.
        metrics: these measures in place of the table's own, by their column in ``load_frame``.

    Raises:
        ConfigError: unknown table, filter or protocol.
        DataError: no run in the folder, or none that is in this table.
    """
    definition = load_definition(table)
    runs, frame = read_frame(folder, filters or {}, protocol)
    own = {value.key: value for value in definition.values}
    definition = replace(
        definition,
        filters={**(definition.filters or {}), **(filters or {})},
        values=tuple(own.get(key, ValueSpec(key)) for key in metrics or own),
    )
    tables: list[Table] = []
    notes = []
    for value in definition.values:
        if value.key in frame and frame[value.key].notna().any():
            tables += pivot(frame, definition, value)
        else:
            notes.append(_no_metric(value.key, frame))
    if not tables:
        raise DataError(
            f"table={table}: {'; '.join(notes) or f'no run in {folder} is in one of its rows'}"
        )
    # A run that is missing is missing from every measure; tables of scores know the protocol.
    telling = [t for t in tables if t.scored] or tables
    lacking = dict.fromkeys(m for t in telling for m in missing(t, definition))
    return Report(definition, tuple(tables), tuple(lacking), runs.problems, tuple(notes))


def read_frame(
    folder: str | Path, filters: Mapping[str, Any], protocol: str | None
) -> tuple[Runs, pd.DataFrame]:
    """The runs at or below ``folder``, and the frame of their records.

    ``filters`` are checked, not applied: a table applies them row by row.

    Raises:
        ConfigError: unknown filter or protocol.
        DataError: no finished run in the folder.
    """
    runs = read_runs(Path(folder))
    frame = make_frame(runs.records)
    if frame.empty:
        kinds = ", ".join(f"{p.folder.name} is {p.kind}" for p in runs.problems[:3])
        raise DataError(f"{folder} holds no finished run: {kinds}")
    for key in filters:
        _known("filter", key, [str(name) for name in frame.columns])
    if protocol is not None:
        _known("protocol", protocol, sorted(frame["protocol"].dropna().unique()))
        frame = frame[frame["protocol"] == protocol]
    return runs, frame


def _known(kind: str, name: str, names: list[str]) -> None:
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        shown = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        raise ConfigError(f"{kind}={name}: no such {kind}; {shown}")


def _no_metric(key: str, frame: pd.DataFrame) -> str:
    names = list(map(str, frame.columns))
    there = [name for name in names if "/" in name or by_split(name) in names]
    near = get_close_matches(key, there, n=3, cutoff=0.5) or there[:10]
    return f"metric={key}: no record has it; there are {', '.join(near)} ..."
