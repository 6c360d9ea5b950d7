"""Pivot the frame of runs into the cells of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from graphssl.report.runs.frame import WITHOUT_EFFECT
from graphssl.report.runs.selecting import differing, keep, select
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.definition import SCORES, Definition, Match, RowSpec, ValueSpec


@dataclass(frozen=True, eq=False)
class Row:
    """A row of a table.

    Attributes:
        label: its label.
        match: field -> the value that its runs have.
        spec: its definition.
        by: the values of the definition's ``by`` fields.
        floor: whether it is one of the floors.
    """

    label: str
    match: Match
    spec: RowSpec
    by: tuple[Any, ...] = ()
    floor: bool = False

    @property
    def ignores(self) -> frozenset[str]:
        """Config groups whose filters and columns do not apply to this row.

        These are the groups without effect on it. Supervised training uses the original graph,
        whatever the augmentation of the methods.
        """
        objective = str(self.match.get("objective"))
        if objective == "supervised":
            return frozenset({"augmentation"})
        return WITHOUT_EFFECT.get(objective, frozenset())

    def relevant(self, match: Match) -> dict[str, Any]:
        """Return ``match`` without the fields that do not apply to this row."""
        return {k: v for k, v in match.items() if k.split(".")[0] not in self.ignores}


# In place of a protocol's name where each column is a protocol.
EVERY_PROTOCOL = "every protocol"


@dataclass(frozen=True)
class Group:
    """What the runs of one table share: protocol with its settings, metric and selection rule.

    Measures that are not a probe's scores have neither protocol nor metric.
    """

    protocol: str = ""
    settings: str = ""
    split_seed: int | None = None
    selection: str = ""
    metric: str = ""


@dataclass(frozen=True)
class Tried:
    """One setting of a row whose setting is chosen on validation nodes.

    Attributes:
        by: the values of the definition's ``by`` fields.
        validation: the measure by which it is chosen.
        cell: the table's measure.
        chosen: whether it is the one that the table shows.
    """

    by: tuple[Any, ...]
    validation: Cell
    cell: Cell
    chosen: bool = False


@dataclass(frozen=True)
class Table:
    """The cells of one measure.

    Attributes:
        value: the measure.
        group: what its runs share.
        panel: value of the definition's panel field; None without one.
        rows: the rows, floors first.
        columns: values of the definition's column field.
        cells: (row label, column) -> cell.
        frame: the rows of the frame from which the cells were made.
        splits: numbers of splits found.
        mixed: one line per cell whose runs differ in more than their seed.
        tried: (row label, column) -> every setting of a row whose setting is chosen.
    """

    value: ValueSpec
    group: Group
    panel: Any
    rows: tuple[Row, ...]
    columns: tuple[Any, ...]
    cells: Mapping[tuple[str, Any], Cell]
    frame: pd.DataFrame = field(repr=False)
    splits: tuple[int, ...] = ()
    mixed: tuple[str, ...] = ()
    tried: Mapping[tuple[str, Any], tuple[Tried, ...]] = field(default_factory=dict)

    @property
    def every_cell(self) -> list[Cell]:
        """All cells, those of settings that were not chosen included."""
        return [*self.cells.values(), *(one.cell for tried in self.tried.values() for one in tried)]

    @property
    def scored(self) -> bool:
        """Whether the measure is a probe's score: larger is better, protocols must not mix."""
        return bool(self.group.protocol)

    @property
    def label(self) -> str:
        """Label of the measure, with its metric."""
        return self.value.called(self.group.metric)

    def cell(self, row: Row, column: Any) -> Cell:
        """Return the cell of ``row`` and ``column``."""
        return self.cells[row.label, column]


def pivot(frame: pd.DataFrame, definition: Definition, value: ValueSpec) -> Iterator[Table]:
    """Yield the tables of one measure: one per panel, protocol, metric and selection rule.

    Protocols and their metrics stand in one table only where they are its columns.
    """
    scored, together = by_split(value.key) in frame, definition.columns == "protocol"
    if scored and together:
        frame, keys = frame[frame["protocol"].notna()], ["selection"]
    elif scored:
        keys = ["protocol", "protocol_settings", "split_seed", "selection", "metric"]
        frame = frame[frame["protocol"].notna()]
        if value.key not in SCORES:
            frame = frame.assign(metric=value.key.removeprefix("val_"))
    else:
        frame, keys = frame.drop_duplicates("run"), ["selection"]
    for panel in _panels(frame, definition):
        part = frame if panel is None else select(frame, {str(definition.panel): panel})
        part = _supervised_in_every_selection(part)
        found: Any
        for found, members in part.groupby(keys, dropna=False, sort=True):
            group = Group(*found) if scored and not together else Group(selection=str(found[0]))
            if scored and together:
                group = replace(group, protocol=EVERY_PROTOCOL, metric="score")
            table = _table(members, definition, value, group, panel)
            if table.columns:
                yield table


def _supervised_in_every_selection(frame: pd.DataFrame) -> pd.DataFrame:
    """Copy supervised runs to the selection rules of the other runs.

    Supervised training keeps its best epoch, whatever the methods in its table keep.
    """
    supervised = frame["objective"] == "supervised"
    rules = frame.loc[~supervised, "selection"].unique()
    if not len(rules):
        return frame
    copies = [frame[supervised].assign(selection=rule) for rule in rules]
    return pd.concat([frame[~supervised], *copies])


def by_split(key: str) -> str:
    """Return the frame's column with the scores per split."""
    return f"{key}_by_split"


def _table(
    frame: pd.DataFrame, definition: Definition, value: ValueSpec, group: Group, panel: Any
) -> Table:
    filters = definition.filters or {}
    rows = [row for spec in definition.floors for row in _rows(spec, frame, floor=True)]
    rows += [row for spec in definition.rows for row in _rows(spec, keep(frame, filters))]
    by_row = {row: keep(select(frame, row.match), row.relevant(filters)) for row in rows}
    for_columns = [runs for row, runs in by_row.items() if row.relevant({definition.columns: None})]
    columns = _values(pd.concat(for_columns or [frame[:0]]), definition.columns, definition.order)
    mixed: list[str] = []
    cells, every = {}, {}
    for row in rows:
        for column in columns:
            runs = select(by_row[row], row.relevant({definition.columns: column}))
            if row.spec.choose:
                every[row.label, column] = tried = _tried(row.spec, runs, value.key)
                none = Cell(problem="not measured" if tried else "missing")
                cells[row.label, column] = next((t.cell for t in tried if t.chosen), none)
                continue
            cell = make_cell(runs, value.key)
            if cell.problem == "mixed":
                name = f"{row.label}, {definition.column_label.format(column)}"
                mixed.append(f"{name}: {why_mixed(runs)}")
            cells[row.label, column] = cell
    splits = tuple(sorted(set(frame["splits"]))) if group.protocol else ()
    return Table(
        value, group, panel, tuple(rows), columns, cells, frame, splits, tuple(mixed), every
    )


def _tried(spec: RowSpec, runs: pd.DataFrame, key: str) -> tuple[Tried, ...]:
    """Measure every setting of a row, and choose the one with the highest validation mean.

    Only settings with the largest number of seeds can be chosen, so that a grid of which a part
    has been run favours none; of equal ones the first is.
    """
    found = []
    for option in _rows(replace(spec, choose=""), runs):
        own = select(runs, option.match)
        found.append(Tried(option.by, make_cell(own, spec.choose), make_cell(own, key)))
    seeds = max((len(one.validation.by_seed) for one in found), default=0)
    eligible = [one for one in found if seeds and len(one.validation.by_seed) == seeds]
    best = max(eligible, key=lambda one: one.validation.mean, default=None)
    return tuple(replace(one, chosen=one is best) for one in found)


def make_cell(runs: pd.DataFrame, key: str) -> Cell:
    """Make the cell of ``runs`` for the measure ``key``; ``mixed`` if more than the seed differs.

    Runs of one condition and seed count once if their results agree, as those of floors do that
    differ only in settings without effect.
    """
    if runs.empty:
        return Cell(problem="missing")
    every = frozenset(runs["folder"])
    if key not in runs or runs[key].isna().all():
        return Cell(problem="not measured", runs=every)
    numbers = by_split(key) if by_split(key) in runs else key
    measured = frozenset(runs.loc[runs[key].notna(), "folder"])
    runs = runs.drop_duplicates(["condition", "seed", numbers])
    if runs["condition"].nunique() > 1 or runs["seed"].duplicated().any():
        return Cell(problem="mixed", runs=every)
    runs = runs[runs[key].notna()].sort_values("seed")
    seeds = [int(seed) for seed in runs["seed"]]
    scores = [v if isinstance(v, tuple) else (float(v),) for v in runs[numbers]]
    own_split = bool(runs["labels_used"].any())
    folders = dict(zip(seeds, runs["folder"], strict=True))
    return Cell(dict(zip(seeds, scores, strict=True)), folders, own_split, runs=measured)


def why_mixed(runs: pd.DataFrame) -> str:
    """Explain why ``runs`` cannot share a cell."""
    if runs["condition"].nunique() > 1:
        return f"its runs differ in {differing(runs) or 'settings that are not recorded'}"
    twice = runs[runs["seed"] == runs.loc[runs["seed"].duplicated(), "seed"].iloc[0]]
    folders = " and ".join(twice["folder"].drop_duplicates())
    return f"seed {twice['seed'].iloc[0]} has several results, in {folders}"


def _rows(spec: RowSpec, frame: pd.DataFrame, floor: bool = False) -> list[Row]:
    """Return the rows of ``spec``: one, or one per combination of values of ``by`` in ``frame``."""
    if not spec.by or spec.choose:
        return [Row(spec.label, spec.match, spec, floor=floor)]
    matching = select(frame, spec.match)
    if matching.empty or not set(spec.by) <= set(matching):
        return []
    combinations = matching[list(spec.by)].dropna().drop_duplicates()
    found = sorted(combinations.itertuples(index=False, name=None), key=_sort_key)
    matches = [{**spec.match, **dict(zip(spec.by, by, strict=True))} for by in found]
    return [
        Row(spec.label.format(*by), match, spec, by, floor)
        for by, match in zip(found, matches, strict=True)
    ]


def _panels(frame: pd.DataFrame, definition: Definition) -> tuple[Any, ...]:
    if definition.panel is None:
        return (None,)
    return _values(frame, definition.panel, definition.order)


def _values(frame: pd.DataFrame, key: str, order: tuple[Any, ...]) -> tuple[Any, ...]:
    if key not in frame:
        return ()
    found = sorted(frame[key].dropna().unique().tolist(), key=lambda value: _sort_key((value,)))
    return tuple(sorted(found, key=lambda v: order.index(v) if v in order else len(order)))


def _sort_key(values: tuple[Any, ...]) -> list[tuple[bool, float, str]]:
    """Sort numbers by value, then text alphabetically."""
    return [
        (False, float(v), "") if isinstance(v, int | float) else (True, 0.0, str(v)) for v in values
    ]
