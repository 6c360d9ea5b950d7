"""Supplements to a table: spread by cause, planned contrasts, published numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphssl.report.network import Network, network_of
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.comparison import Contrast
from graphssl.report.tables.definition import Definition
from graphssl.report.tables.grid import Grid, Text, column_header, title
from graphssl.report.tables.pivot import Row, Table, Tried
from graphssl.report.tables.published import Published, offset, published


def tried_grid(table: Table, definition: Definition) -> Grid:
    """Build the grid of all settings from which the table's were chosen on validation nodes."""
    digits, rows = table.value.digits, []
    for row in table.rows:
        by_column = {
            c: {t.by: t for t in table.tried.get((row.label, c), ())} for c in table.columns
        }
        for by in dict.fromkeys(by for tried in by_column.values() for by in tried):
            named = zip(row.spec.by, by, strict=True)
            setting = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in named)
            fields = (_tried_text(by_column[c].get(by), digits) for c in table.columns)
            rows.append((Text(row.label), Text(setting), *fields))
    first, *others = column_header(table, definition)
    return Grid(
        f"All settings tried, {title(table, definition)}",
        "Validation score / the table's measure (number of runs). Bold: the setting with the "
        "highest mean validation score of its row and column, which the table shows; chosen "
        "among those with the most seeds, without looking at test nodes.",
        (first, "setting", *others),
        tuple(rows),
        labels=2,
    )


def _tried_text(tried: Tried | None, digits: int) -> Text:
    if tried is None:
        return Text("missing")
    validation, cell = tried.validation, tried.cell
    if cell.problem:
        return Text(cell.problem)
    score = validation.problem or f"{validation.mean:.2f}"
    mark = "best" if tried.chosen else ""
    return Text(f"{score} / {cell.mean:.{digits}f} ({len(cell.by_seed)})", mark, cell.mean)


def spread_grid(table: Table, definition: Definition) -> Grid:
    """Build the grid of std between pretraining seeds and between splits."""

    def text(cell: Cell) -> Text:
        if cell.problem:
            return Text(cell.problem)
        seeds, splits = _number(cell.seed_std), _number(cell.split_std)
        return Text(f"{seeds} both" if cell.own_split else f"{seeds} / {splits}")

    rows = tuple(
        (Text(row.label), *(text(table.cell(row, column)) for column in table.columns))
        for row in table.rows
    )
    return Grid(
        f"Spread by cause, {title(table, definition)}",
        "Sample std between pretraining seeds (of means over splits) / between splits (of means "
        "over seeds). If training used labels, every seed has a different split, and the two "
        "cannot be separated.",
        column_header(table, definition),
        rows if table.scored else (),
        aside=True,
    )


def contrasts_grid(table: Table, planned: list[Contrast], definition: Definition) -> Grid:
    """Build the grid of differences, intervals and p values of the planned contrasts."""
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
        "Paired by common pretraining seeds, each the mean over its splits: difference, 95 % t "
        "interval, paired t test, Holm correction over the contrasts of this table, exact Wilcoxon "
        "signed-rank test with six or more seeds. Also different: further settings that differ.",
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
        aside=all(contrast.comparison is None for contrast in planned),
    )


def published_grid(table: Table, definition: Definition) -> Grid:
    """Build the grid of our numbers and published ones, with the offset and a verdict."""
    rows = []
    for row, column, dataset, entry in published_cells(table, definition):
        cell = table.cell(row, column)
        if cell.problem:
            continue
        ours = network(table, cell)
        found = offset(cell, entry, dataset, table.group.protocol, ours)
        std = "" if found.theirs_std is None else f" ± {found.theirs_std:.2f}"
        rows.append(
            (
                Text(row.label),
                Text(dataset),
                Text(f"{found.ours:.2f} ({len(cell.by_seed)})", sort=found.ours),
                Text(f"{found.theirs:.2f}{std}", sort=found.theirs),
                Text(f"{found.offset:+.2f}", sort=found.offset),
                Text(f"{found.tolerance:.2f}", sort=found.tolerance),
                Text(found.verdict),
                Text("; ".join(filter(None, (entry.method, entry.source, entry.note)))),
            )
        )
    return Grid(
        f"Comparison with published numbers, {title(table, definition)}",
        "Tolerance: 0.5 points or two published std, whichever is larger; applied with five or "
        "more seeds, and only if encoder, widths and probe are the same.",
        ("row", "dataset", "ours", "theirs", "offset", "tolerance", "within", "source"),
        tuple(rows),
        aside=True,
    )


def published_cells(
    table: Table, definition: Definition
) -> Iterator[tuple[Row, Any, str, Published]]:
    """Yield row, column, dataset and entry of every cell for which an accuracy is published."""
    if table.value.key not in ("score", "accuracy") or table.group.metric != "accuracy":
        return
    for row in table.rows:
        for name in (definition.published or {}).get(row.spec.label, ()):
            entry = published(name)
            for column in table.columns:
                dataset = str(column if definition.columns == "dataset" else table.panel)
                if dataset in entry.accuracy:
                    yield row, column, dataset, entry


def network(table: Table, cell: Cell) -> Network:
    """Return the encoder of the runs of ``cell``, which all have the same."""
    runs = table.frame[table.frame["folder"] == next(iter(cell.folders.values()))]
    return network_of({str(key): value for key, value in runs.iloc[0].items()})


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _p(p: float | None) -> str:
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
