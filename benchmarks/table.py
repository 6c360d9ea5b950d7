"""The table of ``make bench``, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import Row

HEADER = ("benchmark", "ours", "reference", "result", "at least / aim", "", "floor", "share",
          "rounds", "")  # fmt: skip


def as_text(rows: Sequence[Row]) -> str:
    """Format the rows as columns of equal width."""
    cells = [HEADER, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEADER))]
    # align words left and numbers right
    return "\n".join(
        "  ".join(
            cell.ljust(w) if i in (0, 5, 9) else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cells(row: Row) -> tuple[str, ...]:
    def of_kind(value: float) -> str:
        if row.kind == "x":
            return f"{value:.2g}x" if value < 10 else f"{value:.0f}x"
        return f"{100 * value:.1f} %" if row.kind == "share" else _quantity(value, row.unit)

    targets = "" if row.least is None or row.aim is None else " / ".join(
        f"{'' if row.kind == 'x' else '<= '}{of_kind(t)}" for t in (row.least, row.aim)
    )  # fmt: skip
    return (
        row.name,
        _quantity(row.ours, row.unit),
        "" if row.reference is None else _quantity(row.reference, row.unit),
        "" if row.kind == "at most" else of_kind(row.value),
        targets,
        row.verdict,
        "" if row.floor is None else _quantity(row.floor, row.unit),
        "" if row.floor is None else f"{100 * row.floor / row.ours:.0f} %",
        str(row.rounds),
        row.note,
    )


def _quantity(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{1e3 * value:.3g} ms"
    return f"{value:.3g} {unit}" if value < 100 else f"{value:.0f} {unit}"


def write(rows: Sequence[Row], facts: Mapping[str, str], folder: Path) -> str:
    """Write ``bench.txt`` and ``bench.json`` into ``folder``; return the text."""
    text = "\n".join([*(f"{k}: {v}" for k, v in facts.items()), "", as_text(rows)]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.txt").write_text(text)
    lines = [{**asdict(row), "value": row.value, "verdict": row.verdict} for row in rows]
    (folder / "bench.json").write_text(json.dumps({**facts, "rows": lines}, indent=1) + "\n")
    return text
