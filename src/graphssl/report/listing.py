"""Lists below the tables: refused cells, missing runs, and runs that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphssl.report.build import Report
from graphssl.report.coverage import Coverage
from graphssl.report.runs.records import Problem

# A heading with its items: a description, and the command that fixes the problem (may be empty).
Listed = tuple[str, list[tuple[str, str]]]
_HEADINGS = {
    "failed": "Failed runs",
    "unfinished": "Unfinished runs",
    "stale": "Stale runs, of another behaviour version",
    "unreadable": "Unreadable records",
    "duplicate": "Copies of a run",
}
_AGAIN = "to resume, repeat the command that started it"


def listing(report: Report) -> Iterator[Listed]:
    """Yield the lists of everything for which a report has no numbers."""
    mixed = list(dict.fromkeys(line for table in report.tables for line in table.mixed))
    if mixed:
        yield "Cells that would mix settings; select one with --filter", [(m, "") for m in mixed]
    if report.notes:
        yield "Measures that no record contains", [(note, "") for note in report.notes]
    if report.missing:
        yield "Missing runs", [(m.what, m.command) for m in report.missing]
    yield from coverage_lists(report.coverage)


def coverage_lists(coverage: Coverage) -> Iterator[Listed]:
    """Yield the lists of runs that are in no table, by reason."""
    if coverage.left_out:
        yield "Runs in no table", [(str(left), left.command) for left in coverage.left_out]
    yield from _problems(coverage.problems)


def _problems(problems: Sequence[Problem]) -> Iterator[Listed]:
    for kind, heading in _HEADINGS.items():
        found = [p for p in problems if p.kind == kind]
        lines = []
        for problem in found:
            needs = kind in ("failed", "unfinished") and not problem.command
            reason = f"{problem.reason}; {_AGAIN}" if needs else problem.reason
            lines.append((f"{problem.folder}: {reason}", problem.command))
        if lines:
            yield heading, lines
