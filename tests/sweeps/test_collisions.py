"""Two processes that want the same run: one works, the other waits or skips, as told."""

import multiprocessing
import os
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

import graphssl
from graphssl.cli import main
from graphssl.errors import ConfigError, RunBusyError
from graphssl.locks import holding
from graphssl.pipeline import run as pipeline
from graphssl.results.store import RunStore

FORK = multiprocessing.get_context("fork")


def held(record) -> FileLock:
    """The lock that a process has while it makes the run of ``record``."""
    return FileLock(Path(record.folder).parent / ".locks" / f"{record.id}.lock")


def test_skip_names_the_run_that_another_process_makes(small_run):
    record = small_run()
    with held(record), pytest.raises(RunBusyError, match="another process is working on") as raised:
        small_run("collision=skip")
    assert record.folder in str(raised.value)
    assert small_run("collision=skip") == record


def test_deleting_the_lock_files_lets_nobody_in(small_run):
    """A person who sees them lying about may think that they are left over."""
    record = small_run()
    store = RunStore(Path(record.folder).parent)
    name = Path(record.folder).name.removesuffix(f"-{record.id}")
    with store.folder(name, record.id):
        for lock in (store.root / ".locks").iterdir():
            lock.unlink()
        with pytest.raises(RunBusyError, match="another process"):
            small_run("collision=skip")
        with pytest.raises(RunBusyError):
            small_run("collision=skip", "force=true")
    assert small_run("collision=skip") == record


def test_who_waited_for_a_folder_that_moved_away_gets_the_new_one(tmp_path):
    """While it waited for the lock on the folder, another put the folder aside."""
    folder, taken, got = tmp_path / "run", FORK.Event(), FORK.Event()

    def wait():
        taken.wait()
        with holding(folder):
            got.set()
            assert not (folder / "old").exists()

    child = FORK.Process(target=wait)
    child.start()  # before the lock, which a fork would share
    with holding(folder):
        (folder / "old").touch()
        taken.set()
        assert not got.wait(0.3)
        folder.rename(tmp_path / "aside")
    child.join()
    assert child.exitcode == 0
    assert (tmp_path / "aside/old").exists()


def test_partial_files_of_a_killed_process_go_when_the_folder_is_taken(tmp_path):
    store = RunStore(tmp_path)
    with store.folder("run", "1") as folder:
        (folder / ".checkpoint.pt.1-ab.partial").touch()
        (folder / "checkpoint.pt").touch()
    with store.folder("run", "1") as folder:
        assert [path.name for path in folder.iterdir()] == ["checkpoint.pt"]


def test_a_third_way_is_an_error(small_run):
    with pytest.raises(ConfigError, match="collision must be one of wait, skip, got 'both'"):
        small_run("collision=both")


@pytest.mark.parametrize("in_sweep", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_skipped_job_is_no_failure(tmp_path, small_config, monkeypatch, capsys, in_sweep):
    record = graphssl.run([*small_config, f"paths.runs={tmp_path / 'runs'}"])
    what = ["-m", "seed=0,1"] if in_sweep else ["seed=0"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["graphssl", *what, *small_config, "collision=skip"])
    with held(record):
        main()
    assert len(list(tmp_path.glob("runs/*/record.json"))) == 1 + in_sweep
    err = capsys.readouterr().err
    if in_sweep:
        ending = err[err.index("graphssl: 1 job skipped, in progress in another process:") :]
        assert "seed=0 " in ending
        assert "busy: another process is working on runs/sbm-" in ending
        assert "seed=1" not in ending
    else:
        assert "graphssl: skipped (collision=skip): another process is working on runs/sbm-" in err


def race(folder: Path, options, collision: str, meddle) -> None:
    """Let eight processes want the same two runs, and require that each was trained once.

    Each process writes down what it trains; ``meddle`` is called until all have ended.
    """
    log, runs = folder / "trained", folder / "runs"
    log.mkdir()
    pretrain = pipeline.pretrain

    def noted(job, folder, loggers):
        (log / f"{job.id}-{os.getpid()}").touch()
        return pretrain(job, folder, loggers)

    def run():
        pipeline.pretrain = noted
        for seed in (0, 1):
            overrides = [f"seed={seed}", f"paths.runs={runs}", f"collision={collision}"]
            try:
                graphssl.run([*options, *overrides])
            except RunBusyError:
                assert collision == "skip"

    children = [FORK.Process(target=run) for _ in range(8)]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        meddle()
        time.sleep(0.005)
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 8
    trained = [path.name.split("-")[0] for path in log.iterdir()]
    assert len(trained) == len(set(trained)) == 2
    assert len(list(runs.glob("*/record.json"))) == 2


@pytest.mark.parametrize("collision", ["wait", "skip"])
@pytest.mark.parametrize(
    "locks", ["kept", pytest.param("deleted all the time", marks=pytest.mark.slow)]
)
def test_eight_processes_that_want_the_same_two_runs_train_each_once(
    tmp_path, small_config, collision, locks
):
    """A kernel lock on the folder itself keeps the others out where the lock file is deleted."""

    def meddle():
        for lock in (tmp_path / "runs").glob(".locks/*") if locks != "kept" else ():
            lock.unlink(missing_ok=True)

    race(tmp_path, small_config, collision, meddle)


@pytest.mark.slow
@pytest.mark.parametrize("collision", ["wait", "skip"])
def test_eight_processes_on_a_graph_that_none_has_prepared(tmp_path, mirror, collision):
    options = ["dataset=cora", f"paths.data={tmp_path / 'data'}", f"paths.mirror={mirror}"]
    options += ["trainer.steps=2", "trainer.eval_every=0", "diagnostics=end", "probe=[]"]
    race(tmp_path, [*options, "trainer.device=cpu"], collision, lambda: None)
