"""Build a report: the tables of one definition, missing runs and problems."""

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
    """The content of a report, independent of any format.

    Attributes:
        definition: the definition of its tables.
        tables: one table per measure, panel, protocol, metric and selection rule.
        missing: runs that the tables lack.
        problems: runs in the folder that cannot be used in a table.
        notes: one line per measure that no record contains.
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
    """Compose the report of a table from the runs in ``folder`` and its subfolders.

    Args:
        folder: the folder of runs.
        table: name of a built-in table, or path of a yaml file.
        filters: further filters, field -> value; they take precedence over the table's own.
        protocol: use only scores of this probe protocol.
        metrics: measures that replace the table's own, by their column in ``load_frame``.

    Raises:
        ConfigError: the table, a filter or the protocol is unknown.
        DataError: the folder contains no run, or none that belongs in this table.
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
            f"table={table}: {'; '.join(notes) or f'no run in {folder} fits one of its rows'}"
        )
    # A missing run is missing for every measure; only tables of scores know the protocol to name.
    informative = [t for t in tables if t.scored] or tables
    lacking = dict.fromkeys(m for t in informative for m in missing(t, definition))
    return Report(definition, tuple(tables), tuple(lacking), runs.problems, tuple(notes))


def read_frame(
    folder: str | Path, filters: Mapping[str, Any], protocol: str | None
) -> tuple[Runs, pd.DataFrame]:
    """Read the runs in ``folder`` and its subfolders, and build the frame of their records.

    The keys of ``filters`` are checked but not applied: a table applies them row by row.

    Raises:
        ConfigError: a filter or the protocol is unknown.
        DataError: the folder contains no finished run.
    """
    runs = read_runs(Path(folder))
    frame = make_frame(runs.records)
    if frame.empty:
        kinds = ", ".join(f"{p.folder.name} is {p.kind}" for p in runs.problems[:3])
        raise DataError(f"{folder} contains no finished run: {kinds}")
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
    return f"metric={key}: no record contains it; there are {', '.join(near)} ..."
