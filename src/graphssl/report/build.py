"""Build a report: the tables of one definition, missing runs and problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl.errors import ConfigError, DataError
from graphssl.report.coverage import Coverage, LeftOut, counted, cover, left_for
from graphssl.report.runs.frame import make_frame
from graphssl.report.runs.jobs import read_all
from graphssl.report.runs.records import Runs
from graphssl.report.tables.definition import Definition, ValueSpec, load_definition
from graphssl.report.tables.left_out import left_out
from graphssl.report.tables.missing import Missing, missing
from graphssl.report.tables.pivot import Table, by_split, pivot


@dataclass(frozen=True)
class Report:
    """The content of a report, independent of any format.

    Attributes:
        definition: the definition of its tables.
        tables: one table per measure, panel, protocol, metric and selection rule.
        missing: runs that the tables lack.
        coverage: counts of the runs read, shown, left out and failed.
        notes: one line per measure that no record contains.
    """

    definition: Definition
    tables: tuple[Table, ...]
    missing: tuple[Missing, ...]
    coverage: Coverage
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
    runs, every = read_frame(folder, filters or {}, protocol)
    if every.empty:
        raise DataError(_none_finished(folder, runs))
    frame = of_protocol(every, protocol)
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
            notes.append(no_metric(value.key, frame))
    left = left_out(frame, definition, tables, folder)
    left += not_under(every, protocol)
    if not tables:
        said = [*notes, *map(str, left[:3])]
        raise DataError(
            f"table={table}: none of {counted(len(runs.records))} in {folder} is in it: "
            f"{'; '.join(said)}; without --table graphssl-report shows all"
        )
    # A missing run is missing for every measure; only tables of scores know the protocol to name.
    informative = [t for t in tables if t.scored] or tables
    lacking = dict.fromkeys(m for t in informative for m in missing(t, definition))
    cells = [cell for t in tables for cell in t.every_cell]
    coverage = cover(runs, every, cells, left)
    return Report(definition, tuple(tables), tuple(lacking), coverage, tuple(notes))


def read_frame(
    folder: str | Path, filters: Mapping[str, Any], protocol: str | None
) -> tuple[Runs, pd.DataFrame]:
    """Read the runs in ``folder`` and its subfolders, and build the frame of their records.

    The keys of ``filters`` are checked but not applied: a table applies them row by row.

    Raises:
        ConfigError: a filter or the protocol is unknown.
        DataError: the folder contains no run.
    """
    runs = read_all(Path(folder))
    frame = make_frame(runs.records)
    for key in filters if len(frame) else ():
        _known("filter", key, [str(name) for name in frame.columns])
    if protocol is not None and len(frame):
        _known("protocol", protocol, sorted(frame["protocol"].dropna().unique()))
    return runs, frame


def of_protocol(frame: pd.DataFrame, protocol: str | None) -> pd.DataFrame:
    """Select the rows of ``protocol``, or all if it is None."""
    return frame if protocol is None else frame[frame["protocol"] == protocol]


def not_under(frame: pd.DataFrame, protocol: str | None) -> list[LeftOut]:
    """List the runs without a score under ``protocol``; none if it is None."""
    others = set(frame["folder"]) - set(of_protocol(frame, protocol)["folder"])
    return left_for(frame, others, f"not probed under {protocol}")


def _known(kind: str, name: str, names: list[str]) -> None:
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        shown = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        raise ConfigError(f"{kind}={name}: no such {kind}; {shown}")


def _none_finished(folder: str | Path, runs: Runs) -> str:
    kinds = Counter(problem.kind for problem in runs.problems)
    counts = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    first = runs.problems[0]
    return f"{folder} contains no finished run: {counts}; the first: {first.folder}: {first.reason}"


def no_metric(key: str, frame: pd.DataFrame) -> str:
    """Say in one line that no record has the measure ``key``."""
    names = list(map(str, frame.columns))
    there = [name for name in names if "/" in name or by_split(name) in names]
    near = get_close_matches(key, there, n=3, cutoff=0.5) or there[:10]
    return f"metric={key}: no record contains it; there are {', '.join(near)} ..."
