"""Compare the cells of a table: planned contrasts, and the best of each column."""

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
        first: label of the first row; the difference is first - second.
        second: label of the second row.
        column: the column.
        comparison: None if the rows cannot be compared.
        reason: the reason for that.
        also: settings not named by the rows in which their runs differ.
    """

    first: str
    second: str
    column: Any
    comparison: Comparison | None
    reason: str = ""
    also: str = ""


def contrasts(table: Table, definition: Definition) -> list[Contrast]:
    """Compute the planned contrasts of a table, one family for Holm's correction."""
    found = [
        _contrast(table, first, second, column)
        for labels in definition.contrasts
        for first, second in _pairs(table, *labels)
        for column in table.columns
    ]
    corrected = with_holm([contrast.comparison for contrast in found])
    return [replace(c, comparison=fixed) for c, fixed in zip(found, corrected, strict=True)]


def standing(table: Table, column: Any) -> dict[str, str]:
    """Find the best row of ``column`` and those not distinguishable from it; scores only.

    Every row is compared with the best by a paired t test on common seeds, with Holm's correction
    over the column; rows with fewer than two common seeds are not distinguishable.

    Returns:
        Row label -> ``best`` or ``tied``.
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
    """Yield pairs of rows of two definitions; rows with the same ``by`` are paired by value."""
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
