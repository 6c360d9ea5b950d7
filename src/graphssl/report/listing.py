"""What stands under the tables: cells that were refused, runs that are missing or in no table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphssl.report.build import Report
from graphssl.report.runs.records import Problem

# A heading with its lines: what it is, and the command that mends it or an empty string.
Listed = tuple[str, list[tuple[str, str]]]
_HEADINGS = {
    "failed": "Failed runs",
    "unfinished": "Unfinished runs",
    "stale": "Stale runs, of another behaviour version",
    "unreadable": "Records that cannot be read",
    "duplicate": "Copies of a run",
}
_AGAIN = "started again by the command that began it"


def listing(report: Report) -> Iterator[Listed]:
    """List what a report has no numbers of."""
    mixed = list(dict.fromkeys(line for table in report.tables for line in table.mixed))
    if mixed:
        yield "Cells that would mix settings; pick one with --filter", [(m, "") for m in mixed]
    if report.notes:
        yield "Measures that no record has", [(note, "") for note in report.notes]
    if report.missing:
        yield "Missing runs", [(m.what, m.command) for m in report.missing]
    yield from problem_lists(report.problems)


def problem_lists(problems: Sequence[Problem]) -> Iterator[Listed]:
    """List the runs that are in no table, by kind."""
    for kind, heading in _HEADINGS.items():
        found = [p for p in problems if p.kind == kind]
        lines = []
        for problem in found:
            needs = kind in ("failed", "unfinished") and not problem.command
            reason = f"{problem.reason}; {_AGAIN}" if needs else problem.reason
            lines.append((f"{problem.folder}: {reason}", problem.command))
        if lines:
            yield heading, lines
