"""What a report compares, corrects and refuses: told by tables made by hand."""

from types import SimpleNamespace

import pytest
from scipy import stats

from graphssl.report.build import compose_report
from graphssl.report.runs.records import read_runs
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.comparison import standing
from graphssl.results.identity import BEHAVIOUR_VERSION


def cell_of(report, label, column):
    table = next(table for table in report.tables if table.scored)
    return table.cell(next(row for row in table.rows if row.label == label), column)


def test_what_is_tied_with_the_best_is_told_after_holms_correction():
    """p = 0.047 for one rival is a difference; for two it is not (0.094)."""
    best = [80.0, 81.0, 82.0, 83.0, 84.0]
    rivals = {"b": [80.0] * 5, "c": [80.0] * 5}
    p = stats.ttest_rel(best, rivals["b"]).pvalue
    assert 0.025 < p < 0.05

    def stand(**rows):
        cells = {label: Cell({s: (v,) for s, v in enumerate(x)}) for label, x in rows.items()}
        spec = SimpleNamespace(compare=True)
        table = SimpleNamespace(
            scored=True,
            value=SimpleNamespace(key="score"),
            rows=[SimpleNamespace(label=label, spec=spec) for label in cells],
            cell=lambda row, column: cells[row.label],
        )
        return standing(table, "toy")

    assert stand(a=best, b=rivals["b"]) == {"a": "best"}
    assert stand(a=best, **rivals) == {"a": "best", "b": "tied", "c": "tied"}


@pytest.mark.parametrize("seed", [0, 1])  # the same seed twice, or two of them
def test_runs_of_two_optimizers_stand_in_no_cell_together(make_run, runs, seed):
    make_run(seed=0)
    make_run(seed=seed, changes={"optimizer.lr": 0.2})
    cell = cell_of(compose_report(runs), "BGRL", "toy")
    assert (cell.problem, cell.scores) == ("mixed", {})


@pytest.mark.parametrize("off", [-1, 1])
def test_records_of_an_older_or_newer_version_are_left_out(make_run, runs, off):
    make_run()
    found = read_runs(runs, BEHAVIOUR_VERSION + off)
    assert not found.records
    assert [problem.kind for problem in found.problems] == ["stale"]
