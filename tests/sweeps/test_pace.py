"""A line per job that ended, with count and time left, and a summary at the end."""

import json
import sys
import types

import pytest

from graphssl.cli import main
from graphssl.sweeps import outcomes, progress


def a_job(sweep_dir, num):
    return types.SimpleNamespace(
        sweep=types.SimpleNamespace(dir=str(sweep_dir)), job=types.SimpleNamespace(num=num)
    )


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(progress.time, "time", lambda: now[0])
    return now


def test_the_time_left_is_that_of_jobs_that_worked_over_those_at_work(tmp_path, clock, capsys):
    progress.begin(tmp_path, 8, ["dataset=karate", "seed=range(8)"])
    ends = [
        ("done before", 0.1),  # tells nothing of those left
        ("failed", 2.0),
        ("done", 60.0),
        ("done", 120.0),
        ("skipped", 0.1),
        ("done", 90.0),
    ]
    (tmp_path / "begun").mkdir()
    for num, (outcome, seconds) in enumerate(ends):
        if num == 5:
            (tmp_path / "begun" / "6.json").touch()  # another one is at work beside it
        started, clock[0] = clock[0], clock[0] + seconds
        overrides = ["dataset=karate", f"seed={num}"]
        progress.ended(a_job(tmp_path, num), overrides, outcome, started)
    assert capsys.readouterr().err.splitlines() == [
        "graphssl: 1 of 8 jobs ended: seed=0 (done before)",
        "graphssl: 2 of 8 jobs ended: seed=1 (failed)",
        "graphssl: 3 of 8 jobs ended, about 5 min left: seed=2",  # 5 x 60 s
        "graphssl: 4 of 8 jobs ended, about 6 min left: seed=3",  # 4 x 90 s
        "graphssl: 5 of 8 jobs ended, about 4 min left: seed=4 (skipped)",  # 3 x 90 s
        "graphssl: 6 of 8 jobs ended, about 90 s left: seed=5",  # 2 x 90 s / 2
    ]
    assert progress.summary(tmp_path) == (
        "6 jobs in 5 min: 3 done, 1 done before, 1 failed, 1 skipped"
    )


def test_the_end_of_a_job_costs_the_same_however_many_ended_before(tmp_path, monkeypatch):
    reads, read = [], progress._read
    monkeypatch.setattr(progress, "_read", lambda path: reads.append(path) or read(path))
    progress.begin(tmp_path, 20, [])
    for num in range(20):
        progress.ended(a_job(tmp_path, num), [f"seed={num}"], "done", 0.0)
    assert len(reads) == 20
    assert len((tmp_path / "pace.json").read_text()) < 200


def test_a_job_that_ends_twice_counts_once(tmp_path, clock, capsys):
    """Ray runs a job again whose worker died before its result arrived."""
    progress.begin(tmp_path, 3, [])
    progress.ended(a_job(tmp_path, 0), ["seed=0"], "done", clock[0] - 60)
    progress.ended(a_job(tmp_path, 0), ["seed=0"], "done before", clock[0] - 1)
    assert progress.summary(tmp_path) == "1 job in 0 s: 1 done"
    assert capsys.readouterr().err.splitlines() == [
        "graphssl: 1 of 3 jobs ended, about 2 min left: seed=0",
        "graphssl: 1 of 3 jobs ended, about 2 min left: seed=0 (done before)",
    ]


def test_the_overrides_of_a_job_can_be_pasted(tmp_path, capsys):
    job, overrides = a_job(tmp_path, 0), ["recipe.channels=[8,4]", "+tags.note=it's"]
    quoted = """'recipe.channels=[8,4]' '+tags.note=it'"'"'s'"""
    progress.begin(tmp_path, 1, [])
    outcomes.note(job, "failed", ValueError("no"), overrides)
    progress.ended(job, overrides, "failed", 0.0)
    outcomes._folder[:] = [tmp_path]
    outcomes.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"graphssl: 1 of 1 jobs ended: {quoted} (failed)"
    assert lines[-1] == f"  {quoted}: ValueError: no"
    outcomes.failed.clear()


def test_a_job_that_was_killed_and_runs_again_is_named(tmp_path, capsys, caplog):
    progress.begin(tmp_path, 1, [])
    job, overrides = a_job(tmp_path, 3), ["dataset=karate", "seed=7"]
    killed = outcomes.begun(job, overrides)
    killed.__enter__()  # and never left
    with outcomes.begun(job, overrides):
        pass
    progress.ended(job, overrides, "done", 0.0)
    assert "this job was killed and runs again" in caplog.text
    outcomes._folder[:] = [tmp_path]
    outcomes.close()
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "graphssl: 1 job killed and run again by the launcher:",
        "  dataset=karate seed=7",
    ]


def test_a_sweep_by_a_sweeper_that_counts_no_jobs_is_left_alone(tmp_path, capsys):
    progress.ended(a_job(tmp_path, 0), ["seed=0"], "done", 0.0)
    assert capsys.readouterr().err == ""
    assert progress.summary(tmp_path) == ""


@pytest.mark.parametrize(
    ("arguments", "jobs"),
    [
        (("seed=0,1,2", "recipe.channels=[8],[8,4]"), 6),
        pytest.param(
            ("seed=range(4)", "trainer.warmup=0.1,0.2", "trainer.steps=2"),
            8,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_plain_sweeps_count_their_jobs(
    tmp_path, small_config, monkeypatch, capsys, arguments, jobs
):
    def run(config, *args):
        raise ValueError("not today")

    monkeypatch.setattr("graphssl.cli._run", run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["graphssl", "-m", *small_config, *arguments])
    with pytest.raises(SystemExit):
        main()
    (pace,) = tmp_path.rglob("pace.json")
    assert json.loads(pace.read_text())["jobs"] == jobs
    lines = [x for x in capsys.readouterr().err.splitlines() if x.startswith("graphssl: ")]
    assert [x.split(" jobs ended: ")[0] for x in lines[:jobs]] == [
        f"graphssl: {done} of {jobs}" for done in range(1, jobs + 1)
    ]
    assert lines[jobs].startswith(f"graphssl: {jobs} jobs in ")
    assert lines[jobs].endswith(f": {jobs} failed")
    assert lines[jobs + 1].startswith(f"graphssl: {jobs} jobs failed (details in ")


def test_a_sweep_tells_new_runs_from_finished_ones(tmp_path, small_config, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    short = ("trainer.steps=1", "probe=[]", "diagnostics.every=0")
    for seeds, told in (("0", "1 job in"), ("0,1", "2 jobs in")):
        args = ["graphssl", "-m", *small_config, *short, f"seed={seeds}"]
        monkeypatch.setattr(sys, "argv", args)
        main()
        err = capsys.readouterr().err.splitlines()
        assert err[-1].startswith(f"graphssl: {told}")
    assert "graphssl: 1 of 2 jobs ended: seed=0 (done before)" in err
    assert "graphssl: 2 of 2 jobs ended: seed=1" in err
    assert err[-1].endswith(": 1 done, 1 done before")
    assert outcomes.failed == []
