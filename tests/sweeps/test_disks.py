"""Disks that are full or read-only, and folders that go away: one line, and nothing is lost."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.forked import forked, shell
from tests.traces import traces

import graphssl

STEPS = ("trainer.steps=20", "trainer.checkpoint_every=4", "diagnostics.every=5")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small_config):
    root = tmp_path_factory.mktemp("whole")
    return traces(Path(graphssl.run([*small_config, *STEPS, f"paths.runs={root}"]).folder))


@pytest.fixture
def disk(tmp_path):
    """Mounts a disk in memory of a size in KiB; mounting again changes its size or mode."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        flags = ["-o", f"remount,{options}"] if place.is_mount() else ["-o", options]
        command = ["mount", "-t", "tmpfs", *flags, "graphssl", str(place)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting needs root")
        return place

    yield mount
    if place.is_mount():
        subprocess.run(["umount", str(place)], check=True)


def check_one_line(done: subprocess.CompletedProcess, *said: str) -> None:
    """Exit status 1, and beside log lines one line of error, with one of ``said``."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    errors = [x for x in done.stderr.splitlines() if x.startswith("graphssl: error: ")]
    assert len(errors) == 1, done.stderr
    assert any(word in errors[0] for word in said), errors
    last = done.stderr.splitlines()[-1]
    assert last == errors[0]


def run(small_config, root: Path, *more: str) -> subprocess.CompletedProcess:
    return shell(*small_config, *STEPS, f"paths.runs={root}", *more, cwd=root.parent)


def goes_on(small_config, root: Path, whole) -> None:
    done = run(small_config, root)
    assert done.returncode == 0, done.stderr
    (folder,) = [path for path in root.glob("sbm-*") if ".old" not in path.name]
    assert traces(folder) == whole
    assert {path.name for path in folder.iterdir()} == {
        "config.yaml", "encoder.pt", "metrics.jsonl", "overrides.json", "record.json",
        "spectra.npz",
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kib", [4 * pages for pages in (*range(1, 30), 32, 35, 38, 41)])
def test_a_full_disk(small_config, disk, whole, kib):
    """From one that holds no file to one that holds almost all of them."""
    root = disk(f"size={kib}k") / "runs"
    done = run(small_config, root)
    if done.returncode == 0:
        return  # it was enough
    check_one_line(done, "No space left on device")
    disk("size=4m")
    goes_on(small_config, root, whole)


def test_a_disk_that_is_full_midway(small_config, disk, whole):
    root = disk("size=60k") / "runs"
    check_one_line(run(small_config, root), "No space left on device")
    assert list(root.glob("sbm-*"))
    disk("size=4m")
    goes_on(small_config, root, whole)


@pytest.mark.parametrize(
    "limit",
    [5000, *(pytest.param(n, marks=pytest.mark.slow) for n in (0, 100, 900, 2000, 20_000, 25_000))],
)
def test_a_file_that_cannot_grow(small_config, tmp_path, whole, limit):
    """A quota; needs no root."""

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        with pytest.raises(OSError, match="File too large") as raised:
            graphssl.run([*small_config, *STEPS, f"paths.runs={tmp_path / 'runs'}"])
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        assert Path(raised.value.filename).parent.parent == tmp_path / "runs"

    code, _, err = forked(work, tmp_path / "log")
    assert code == 0, err
    goes_on(small_config, tmp_path / "runs", whole)


def test_a_read_only_disk(small_config, disk, whole):
    place = disk("size=4m")
    disk("ro")
    check_one_line(run(small_config, place / "runs"), "cannot be written: no permission in")
    assert not list(place.iterdir())
    disk("rw")
    goes_on(small_config, place / "runs", whole)


@pytest.mark.slow
def test_a_read_only_disk_with_an_interrupted_run(small_config, disk, whole):
    place = disk("size=60k")
    run(small_config, place / "runs")
    disk("size=4m,ro")
    check_one_line(run(small_config, place / "runs"), "cannot be written: no permission in")
    disk("rw")
    goes_on(small_config, place / "runs", whole)


@pytest.mark.parametrize(
    "what", ["the run's folder", pytest.param("all runs", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    "step", [6, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 4, 5, 19, 20))]
)
def test_a_folder_deleted_midway(small_config, tmp_path, whole, monkeypatch, what, step):
    from graphssl.training.metrics import StepMetrics

    root, look = tmp_path / "runs", StepMetrics.__call__

    def delete(self, report):
        look(self, report)
        if report.step == step:
            (folder,) = root.glob("sbm-*")
            shutil.rmtree(folder if what == "the run's folder" else root)

    with monkeypatch.context() as patch:
        patch.setattr(StepMetrics, "__call__", delete)
        done = run(small_config, root)
    check_one_line(done, "No such file or directory")
    goes_on(small_config, root, whole)


@pytest.mark.parametrize("in_sweep", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_sweep_on_a_full_disk_does_not_end_well(small_config, disk, in_sweep):
    """Nor where not even the failure can be written down."""
    root = disk("size=24k") / "runs"
    sweep = [f"hydra.sweep.dir={root.parent / 'sweep'}", "seed=0,1", "-m"] if in_sweep else []
    done = run(small_config, root, *sweep)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr


def test_errors_of_the_disk_keep_what_was_there(small_config, tmp_path, whole, monkeypatch):
    """An input/output error at each single write in turn: no file is half written."""
    root = tmp_path / "runs"
    replace, done = Path.replace, []

    def fails_once(self, target):
        if not done and Path(target).name == "checkpoint.pt":
            done.append(target)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails_once)
    with pytest.raises(OSError, match="Input/output error") as raised:
        graphssl.run([*small_config, *STEPS, f"paths.runs={root}"])
    assert raised.value.filename == str(done[0])
    monkeypatch.undo()
    goes_on(small_config, root, whole)
