"""From tables to grids of text, the same for every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphssl.report.build import Report
from graphssl.report.cell import Cell
from graphssl.report.comparison import Contrast, contrasts, standing
from graphssl.report.definition import Definition
from graphssl.report.pivot import Row, Table
from graphssl.report.published import offset, published


@dataclass(frozen=True)
class Text:
    """One field of a grid.

    Attributes:
        text: what it shows.
        mark: ``best``, ``tied`` (not distinguishable from the best), ``floor`` or empty.
        sort: the number to sort by; None sorts by the text.
    """

    text: str
    mark: str = ""
    sort: float | None = None


@dataclass(frozen=True)
class Grid:
    """A titled grid with a caption."""

    title: str
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


def grids(report: Report) -> Iterator[Grid]:
    """Each table followed by its spread by cause, its contrasts and published numbers."""
    definition = report.definition
    for table in report.tables:
        planned = contrasts(table, definition)
        yield _main(table, definition)
        yield from _filled(_spread(table, definition))
        yield from _filled(_contrasts(table, planned, definition))
        yield from _filled(_published(table, definition))


def title(table: Table, definition: Definition) -> str:
    """What the table shows, of which dataset, under which protocol."""
    parts = [
        definition.title,
        str(table.panel) if table.panel is not None else "",
        table.group.protocol,
    ]
    return f"{', '.join(filter(None, parts))}: {table.value.label}"


def caption(table: Table) -> str:
    """How to read the numbers: protocol, spread, number of runs, selection, marks."""
    group = table.group
    kept = f"Encoder kept: {group.selection}."
    if not table.value.is_accuracy:
        return f"Mean +- sample std over pretraining seeds (number of runs). {kept}"
    splits = " or ".join(map(str, table.splits))
    settings = f" ({group.settings})" if group.settings else ""
    return (
        f"Probe protocol {group.protocol}{settings}, split seed {group.split_seed}, {splits} "
        "split(s) a run. Mean +- sample std over all scores, one for each pretraining seed and "
        f"split (number of runs). {kept} Bold: best of its column, supervised apart; *: not "
        "distinguishable from it, p > 0.05 in a paired t test over common seeds, Holm over the "
        "column, or fewer than two common seeds."
    )


def _main(table: Table, definition: Definition) -> Grid:
    header = ("", *(definition.column_label.format(column) for column in table.columns))
    marks = {column: standing(table, column) for column in table.columns}
    rows = [
        (
            Text(row.label, "floor" if row.floor else ""),
            *(
                _cell(table.cell(row, column), table.value.digits, marks[column].get(row.label, ""))
                for column in table.columns
            ),
        )
        for row in table.rows
    ]
    return Grid(title(table, definition), caption(table), header, tuple(rows))


def _cell(cell: Cell, digits: int, mark: str) -> Text:
    if cell.problem:
        return Text(cell.problem)
    std = "" if cell.std is None else f" ± {cell.std:.{digits}f}"
    star = " *" if mark == "tied" else ""
    return Text(f"{cell.mean:.{digits}f}{std} ({len(cell.by_seed)}){star}", mark, cell.mean)


def _spread(table: Table, definition: Definition) -> Grid:
    """Std between pretraining seeds / between splits."""

    def text(cell: Cell) -> Text:
        if cell.problem:
            return Text(cell.problem)
        seeds, splits = _number(cell.seed_std), _number(cell.split_std)
        return Text(f"{seeds} both" if cell.own_split else f"{seeds} / {splits}")

    rows = tuple(
        (Text(row.label), *(text(table.cell(row, column)) for column in table.columns))
        for row in table.rows
    )
    header = ("", *(definition.column_label.format(column) for column in table.columns))
    return Grid(
        f"Spread by cause, {title(table, definition)}",
        "Sample std between pretraining seeds (of means over splits) / between splits (of means "
        "over seeds). Where labels had a part in training every seed has a split of its own, and "
        "the two cannot be told apart.",
        header,
        rows if table.value.is_accuracy else (),
    )


def _contrasts(table: Table, planned: list[Contrast], definition: Definition) -> Grid:
    digits = table.value.digits
    rows = []
    for contrast in planned:
        name = Text(f"{contrast.first} - {contrast.second}")
        column = Text(definition.column_label.format(contrast.column))
        c = contrast.comparison
        if c is None:
            fields = [Text(contrast.reason)] + [Text("")] * 5
        else:
            fields = [
                Text(f"{c.difference:+.{digits}f}", sort=c.difference),
                Text(f"[{c.low:+.{digits}f}, {c.high:+.{digits}f}]"),
                Text(str(c.seeds), sort=c.seeds),
                Text(_p(c.p), sort=c.p),
                Text(_p(c.p_holm), sort=c.p_holm),
                Text(_p(c.p_wilcoxon), sort=c.p_wilcoxon),
            ]
        rows.append((name, column, *fields, Text(contrast.also)))
    return Grid(
        f"Planned contrasts, {title(table, definition)}",
        "Paired on common pretraining seeds, each the mean over its splits: difference, 95 % t "
        "interval, paired t test, Holm over the contrasts of this table, exact Wilcoxon "
        "signed-rank test from six seeds on. Also different: settings beside those compared.",
        (
            "contrast",
            "column",
            "difference",
            "95 % interval",
            "seeds",
            "p (t)",
            "p (Holm)",
            "p (Wilcoxon)",
            "also different",
        ),
        tuple(rows),
    )


def _published(table: Table, definition: Definition) -> Grid:
    rows = []
    for row, column, name in _published_cells(table, definition):
        entry = published(name)
        dataset = column if definition.columns == "dataset" else table.panel
        cell = table.cell(row, column)
        if dataset not in entry.accuracy or cell.problem:
            continue
        found = offset(cell, entry, str(dataset), table.group.protocol)
        std = "" if found.theirs_std is None else f" ± {found.theirs_std:.2f}"
        rows.append(
            (
                Text(row.label),
                Text(str(dataset)),
                Text(f"{found.ours:.2f} ({len(cell.by_seed)})", sort=found.ours),
                Text(f"{found.theirs:.2f}{std}", sort=found.theirs),
                Text(f"{found.offset:+.2f}", sort=found.offset),
                Text(f"{found.tolerance:.2f}", sort=found.tolerance),
                Text(found.verdict),
                Text("; ".join(filter(None, (entry.method, entry.source, entry.note)))),
            )
        )
    return Grid(
        f"Beside published numbers, {title(table, definition)}",
        "Tolerance: 0.5 point or two published std, whichever is larger, from five seeds on.",
        ("row", "dataset", "ours", "theirs", "offset", "tolerance", "within", "source"),
        tuple(rows),
    )


def _published_cells(table: Table, definition: Definition) -> Iterator[tuple[Row, object, str]]:
    if not table.value.is_accuracy:
        return
    for row in table.rows:
        for name in (definition.published or {}).get(row.spec.label, ()):
            for column in table.columns:
                yield row, column, name


def _filled(grid: Grid) -> Iterator[Grid]:
    if grid.rows:
        yield grid


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _p(p: float | None) -> str:
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
