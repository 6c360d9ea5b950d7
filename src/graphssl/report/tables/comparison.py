"""Which cells of a table differ: planned contrasts, and the best of a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from graphssl.report.runs.selecting import differing
from graphssl.report.tables.definition import Definition
from graphssl.report.tables.pivot import Row, Table
from graphssl.report.tables.statistics import Comparison, compare, with_holm

_LEVEL = 0.05


@dataclass(frozen=True)
class Contrast:
    """A planned comparison in one column.

    Attributes:
        first: label of the row that ``second`` is taken from.
        comparison: None where it cannot be made; ``reason`` then says why.
        also: settings, beside those the two rows name, in which their runs differ.
    """

    first: str
    second: str
    column: Any
    comparison: Comparison | None
    reason: str = ""
    also: str = ""


def contrasts(table: Table, definition: Definition) -> list[Contrast]:
    """The table's planned contrasts, a family to Holm: every pair in every column."""
    found = [
        _contrast(table, first, second, column)
        for labels in definition.contrasts
        for first, second in _pairs(table, *labels)
        for column in table.columns
    ]
    corrected = with_holm([contrast.comparison for contrast in found])
    return [replace(c, comparison=fixed) for c, fixed in zip(found, corrected, strict=True)]


def standing(table: Table, column: Any) -> dict[str, str]:
    """Row label -> ``best``, or ``tied`` where it cannot be told from the best; scores only.

    Every row is compared with the best by a paired t test on common seeds, Holm over the column;
    with fewer than two common seeds nothing tells them apart.
    """
    if not table.scored:
        return {}
    cells = {row.label: table.cell(row, column) for row in table.rows if row.spec.compare}
    cells = {label: cell for label, cell in cells.items() if not cell.problem}
    if len(cells) < 2:
        return {}
    best = max(cells, key=lambda label: cells[label].mean)
    others = [label for label in cells if label != best]
    tests = with_holm([compare(cells[best].by_seed, cells[o].by_seed) for o in others])
    tied = [
        label
        for label, test in zip(others, tests, strict=True)
        if test is None or test.p_holm is None or test.p_holm > _LEVEL
    ]
    return {best: "best", **dict.fromkeys(tied, "tied")}


def _pairs(table: Table, first: str, second: str) -> Iterator[tuple[Row, Row]]:
    """Rows of two definitions; those made by the same fields are paired by their values."""
    for a in table.rows:
        for b in table.rows:
            if (a.spec.label, b.spec.label) == (first, second) and (
                a.spec.by != b.spec.by or a.by == b.by
            ):
                yield a, b


def _contrast(table: Table, a: Row, b: Row, column: Any) -> Contrast:
    first, second = table.cell(a, column), table.cell(b, column)
    reason = first.problem or second.problem
    comparison = None if reason else compare(first.by_seed, second.by_seed)
    if not reason and comparison is None:
        reason = "fewer than two common seeds"
    folders = [*first.folders.values(), *second.folders.values()]
    runs: pd.DataFrame = table.frame[table.frame["folder"].isin(folders)]
    named = frozenset(key.split(".")[0] for row in (a, b) for key in row.match)
    also = "" if reason else differing(runs, without=named)
    return Contrast(a.label, b.label, column, comparison, reason, also)
