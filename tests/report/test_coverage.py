"""Every run that is read is shown, left out for a reason, or failed."""

import json
import shlex

import pytest

from graphssl.errors import DataError
from graphssl.report.build import compose_report
from graphssl.report.cli import main
from graphssl.report.formats.files import document_of, files
from graphssl.report.leaderboard import build_leaderboard
from graphssl.results.identity import BEHAVIOUR_VERSION


def refused(runs, number, overrides, message="width 6 is not divisible"):
    """The note that a sweep leaves of a job without a folder."""
    note = runs / "multirun" / "2026-01-01" / "failed" / f"{number}.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    content = {"error": "configuration", "message": message, "overrides": overrides}
    note.write_text(json.dumps(content))


@pytest.fixture
def mixture(make_run, runs):
    """Two that main shows, and one of every other kind."""
    make_run((0.7,), overrides=["seed=0"])
    make_run((0.8,), regularizer="werank")
    make_run((0.6,), changes={"encoder.channels": [64, 32]})
    make_run((0.6,), changes={"encoder.channels": [32, 16]})
    make_run((0.6,), encoder="gat")
    make_run((0.6,), regularizer="werank", changes={"regularizer.alpha": 0.1})
    make_run((0.6,), objective="byol")
    copy, stale = make_run((0.7,)), make_run((0.7,), seed=1)
    record = json.loads((copy / "record.json").read_text())
    (copy / "record.json").write_text(json.dumps({**record, "id": "id0"}))
    record = json.loads((stale / "record.json").read_text())
    old = {**record, "behaviour_version": BEHAVIOUR_VERSION - 1}
    (stale / "record.json").write_text(json.dumps(old))
    for name, content in (("failed", '{"error": "training"}'), ("config", "")):
        (runs / name).mkdir()
        ending = "json" if name == "failed" else "yaml"
        (runs / name / f"{name}.{ending}").write_text(content)
    refused(runs, 0, ["encoder=gat", "seed=1"])
    refused(runs, 1, ["seed=0"], "was refused once, and has run since")


def test_main_says_what_became_of_every_run(mixture, runs):
    coverage = compose_report(runs).coverage
    assert str(coverage) == (
        "12 runs read: 2 shown, 8 left out (1 stale, 1 copies, 1 unfinished, 5 not in a table), "
        "2 failed"
    )
    said = {str(left): left.command for left in coverage.left_out}
    table = f"graphssl-report {runs} --table main --filter"
    assert said == {
        "2 runs: encoder.channels is [64, 32] or [32, 16], not as recipe.channels": (
            f"{table} 'encoder.channels=[64, 32]'"
        ),
        "1 run: encoder is gat, not gcn": f"{table} encoder=gat",
        "1 run: regularizer.alpha is 0.1, not 0.01": f"{table} regularizer.alpha=0.1",
        "1 run: objective is byol, not bgrl": f"graphssl-report {runs}",
    }
    (job,) = [p for p in coverage.problems if p.folder.suffix == ".json"]
    assert job.command == "graphssl encoder=gat seed=1"


def test_the_command_offered_shows_those_runs(mixture, runs):
    (left, *_) = compose_report(runs).coverage.left_out
    arguments = shlex.split(left.command)[1:]
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--format", "csv"])
    assert caught.value.code == 0
    filters = {"encoder.channels": "[64, 32]"}
    assert (
        left.folders[0] in compose_report(runs, filters=filters).tables[0].cells["BGRL", "toy"].runs
    )


def test_every_run_is_in_the_table_of_all(mixture, runs):
    coverage = build_leaderboard(runs).coverage
    assert (coverage.read, coverage.shown, coverage.left_out) == (12, 7, ())
    filtered = build_leaderboard(runs, {"encoder": "gat"}).coverage
    assert str(filtered) == (
        "12 runs read: 1 shown, 9 left out (1 stale, 1 copies, 1 unfinished, 6 not in a table), "
        "2 failed"
    )
    assert [str(left) for left in filtered.left_out] == ["6 runs: encoder is gcn, not gat"]


def test_runs_of_another_protocol_or_without_the_measure_are_counted(make_run, runs):
    make_run((0.7,))
    make_run((0.7,), protocol="grace", seed=1)
    make_run((0.7,), seed=2, metric="nmi")
    make_run((0.7,), seed=3, changes={"optimizer.lr": 0.5})
    left = compose_report(runs, protocol="random_10_10_80", metrics=("accuracy",)).coverage.left_out
    assert [str(x) for x in left] == [
        "3 runs: in cells that would mix settings", "1 run: not probed under random_10_10_80",
    ]  # fmt: skip
    left = build_leaderboard(runs, metrics=("accuracy",)).coverage.left_out
    assert [str(x) for x in left] == ["1 run: without one of these measures"]


@pytest.mark.parametrize("table", [None, "main"])
@pytest.mark.parametrize("form", ["md", "latex", "html"])
def test_every_format_says_it(mixture, runs, table, form):
    report = compose_report(runs, table) if table else build_leaderboard(runs)
    text = next(v for k, v in files(report, [form]).items() if not k.endswith(".svg"))
    assert f"{report.coverage}." in text
    assert "Smoke size, not evidence: 10 training steps." in text
    captions = [grid.caption for grid in document_of(report).grids]
    assert all(caption.startswith("Smoke size, not evidence: ") for caption in captions)


def test_runs_of_some_length_are_not_called_smoke(make_run, runs):
    folder = make_run()
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps({**record, "training": {"steps": 100}}))
    assert build_leaderboard(runs).coverage.smoke == ""
    make_run(seed=1)
    assert build_leaderboard(runs).coverage.smoke == (
        "Smoke size, not evidence: 1 of 2 trained runs: 10 training steps."
    )


def test_a_folder_of_failures_names_each_with_its_command(runs, capsys):
    refused(runs, 0, ["encoder=gat", "encoder.channels=[6]", "seed=0"])
    refused(runs, 1, ["encoder=gat", "encoder.channels=[6]", "seed=1"])
    with pytest.raises(SystemExit) as caught:
        main([str(runs)])
    assert caught.value.code == 1
    shown = capsys.readouterr().out
    assert "2 runs read: 0 shown, 0 left out, 2 failed." in shown
    assert "graphssl encoder=gat 'encoder.channels=[6]' seed=1" in shown
    with pytest.raises(DataError, match=r"no finished run: 2 failed; the first: .*width 6"):
        compose_report(runs)


def test_the_last_note_of_a_job_counts(make_run, runs):
    make_run(overrides=["seed=5"])
    refused(runs, 0, ["seed=1"])
    refused(runs, 7, ["seed=1"])
    assert str(build_leaderboard(runs).coverage) == "2 runs read: 1 shown, 0 left out, 1 failed"
