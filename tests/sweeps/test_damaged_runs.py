"""A run of which one file is damaged: the same result, or one line with the way out."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.damage import DAMAGES, HARMLESS, remove
from tests.traces import traces

import graphssl
from graphssl.config.messages import describe, is_expected
from graphssl.errors import Interrupted
from graphssl.report.figures import curves
from graphssl.report.runs.records import read_runs
from graphssl.training.metrics import StepMetrics

WHILE_TRAINING = ("checkpoint.pt", "metrics.jsonl", "spectra.npz", "config.yaml", "overrides.json")
FINISHED = ("record.json", "encoder.pt", "config.yaml")
# One of each kind; the others are slow.
QUICK = {
    ("checkpoint.pt", "first half"), ("checkpoint.pt", "flipped in the middle"),
    ("checkpoint.pt", "a folder"), ("metrics.jsonl", "flipped at the start"),
    ("metrics.jsonl", "noise"), ("spectra.npz", "first half"), ("spectra.npz", "zeros"),
    ("config.yaml", "empty"), ("record.json", "first half"), ("record.json", "a list"),
    ("encoder.pt", "flipped in the middle"), ("encoder.pt", "empty"),
}  # fmt: skip


def cases(files):
    return [
        pytest.param(
            name, kind, marks=() if (name, kind) in QUICK else pytest.mark.slow, id=f"{name}-{kind}"
        )
        for name in files
        for kind in DAMAGES
    ]


def overrides(small_config, root: Path, *more: str) -> list[str]:
    return [*small_config, "diagnostics.every=5", f"paths.runs={root}", *more]


@pytest.fixture(scope="module")
def finished(tmp_path_factory, small_config):
    """The folder of runs of one that nobody interrupted."""
    root = tmp_path_factory.mktemp("finished")
    graphssl.run(overrides(small_config, root))
    return root


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory, small_config):
    """The folder of runs of one that was interrupted at step 13."""
    root = tmp_path_factory.mktemp("interrupted")
    look = StepMetrics.__call__

    def interrupt(self, report):
        look(self, report)
        if report.step == 13:
            os.kill(os.getpid(), signal.SIGINT)

    StepMetrics.__call__ = interrupt
    try:
        with pytest.raises(Interrupted):
            graphssl.run(overrides(small_config, root))
    finally:
        StepMetrics.__call__ = look
    return root


def run_folder(root: Path) -> Path:
    (folder,) = root.glob("sbm-*")
    return folder


def refusal(work: Callable[[], object]) -> str:
    """What the command line would print of the error that ``work`` raises; empty where none."""
    try:
        work()
    except Exception as raised:
        error = raised
    else:
        return ""
    assert is_expected(error), repr(error)
    line = describe(error, ())
    assert "\n" not in line
    assert len(line) < 700
    return line


def check_as_if_nothing_had_happened(folder: Path, whole: Path, damaged: str) -> None:
    rows, *rest, spectra, weights = traces(folder)
    whole_rows, *whole_rest, whole_spectra, whole_weights = traces(whole)
    assert weights == whole_weights
    assert rest == whole_rest
    # What was lost with a damaged file of diagnostics is lost, and what is there is right.
    if damaged == "metrics.jsonl":
        assert [row["step"] for row in rows if row["step"] > 13] == [
            row["step"] for row in whole_rows if row["step"] > 13
        ]
    else:
        assert rows == whole_rows
    if damaged == "spectra.npz":
        assert spectra.items() <= whole_spectra.items()
        assert "20/embedding/centred" in spectra or len(spectra) >= len(whole_spectra) // 5
    else:
        assert spectra == whole_spectra


@pytest.mark.parametrize(("name", "kind"), cases(WHILE_TRAINING))
def test_an_interrupted_run_goes_on(interrupted, finished, small_config, tmp_path, name, kind):
    root = tmp_path / "runs"
    shutil.copytree(interrupted, root)
    path = run_folder(root) / name
    DAMAGES[kind](path)
    if line := refusal(lambda: graphssl.run(overrides(small_config, root))):
        assert str(path) in line
        remove(path)  # the way out
        graphssl.run(overrides(small_config, root))
    check_as_if_nothing_had_happened(run_folder(root), run_folder(finished), name)
    left = {file.name for file in run_folder(root).iterdir()}
    assert {file for file in left if ".damaged" not in file} == {
        "config.yaml", "encoder.pt", "metrics.jsonl", "overrides.json", "record.json",
        "spectra.npz",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), cases(FINISHED))
def test_a_finished_run_is_read_or_made_anew(finished, small_config, tmp_path, name, kind):
    root = tmp_path / "runs"
    shutil.copytree(finished, root)
    path = run_folder(root) / name
    DAMAGES[kind](path)
    # Embeddings need the encoder that was saved.
    command = overrides(small_config, root, "save_embeddings=true")
    if line := refusal(lambda: graphssl.run(command)):
        assert str(path) in line
        if "force=true" in line:
            command.append("force=true")
        else:
            remove(path)
        graphssl.run(command)
    (folder,) = [path for path in root.glob("sbm-*") if ".old" not in path.name]
    check_as_if_nothing_had_happened(folder, run_folder(finished), name)


@pytest.mark.parametrize(("name", "kind"), cases(("record.json", "encoder.pt")))
def test_loading_a_damaged_run_is_one_line(finished, tmp_path, name, kind):
    folder = tmp_path / "run"
    shutil.copytree(run_folder(finished), folder)
    DAMAGES[kind](folder / name)
    line = refusal(lambda: graphssl.load_run(folder))
    assert str(folder / name) in line or (kind in HARMLESS and not line)


@pytest.mark.parametrize(("name", "kind"), cases(("metrics.jsonl", "spectra.npz")))
def test_damaged_diagnostics_of_one_run_stop_no_figure(finished, tmp_path, name, kind):
    for folder in ("good", "worse"):
        shutil.copytree(run_folder(finished), tmp_path / folder)
    DAMAGES[kind](tmp_path / "worse" / name)
    rows = curves._rows(str(tmp_path / "worse"))
    assert set(curves._over_steps(rows, "loss")) <= set(range(21))
    good = curves._last_spectra(str(tmp_path / "good"))
    assert good
    found = curves._last_spectra(str(tmp_path / "worse"))
    assert found.keys() in (good.keys(), set())


@pytest.mark.parametrize(("name", "kind"), cases(("record.json",)))
def test_one_damaged_run_stops_no_report(finished, tmp_path, name, kind):
    shutil.copytree(run_folder(finished), tmp_path / "good")
    shutil.copytree(run_folder(finished), tmp_path / "worse")
    DAMAGES[kind](tmp_path / "worse" / name)
    found = read_runs(tmp_path)
    assert [record.folder.name for record in found.records] == ["good"]
    (problem,) = found.problems
    assert problem.kind == "unreadable"
    assert "\n" not in problem.reason
    assert len(problem.reason) < 700
