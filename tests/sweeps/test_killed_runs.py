"""A run killed at any moment goes on to the same last bit."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import graphssl
from graphssl.results.record import RunRecord

# Children are forked from this process, so that they need no imports of their own.
FORK = multiprocessing.get_context("fork")
STEPS = 150


def overrides(small_config, root):
    return [
        *small_config, f"trainer.steps={STEPS}", "trainer.checkpoint_every=7",
        "diagnostics.every=40", f"paths.runs={root}",
    ]  # fmt: skip


def traces(folder: Path):
    """Everything a run leaves but wall-clock figures and what it was interrupted by."""
    record = RunRecord.read(folder)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        row.pop("steps_per_second", None)
    weights = torch.load(folder / "encoder.pt", weights_only=True)
    with np.load(folder / "spectra.npz") as file:
        spectra = {key: file[key].tobytes() for key in file}
    return (
        rows, record.scores, record.diagnostics, spectra,
        {key: value.numpy().tobytes() for key, value in weights.items()},
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small_config):
    """The traces of the run that nobody interrupts."""
    record = graphssl.run(overrides(small_config, tmp_path_factory.mktemp("whole")))
    return traces(Path(record.folder))


def steps_done(root: Path) -> int:
    """The last step in the run's metrics."""
    text = "".join(path.read_text() for path in root.glob("sbm-*/metrics.jsonl"))
    steps = [json.loads(x)["step"] for x in text.splitlines(keepends=True) if x.endswith("\n")]
    return steps[-1] if steps else 0


def check(tmp_path, small_config, whole, seed, kills=3):
    """Kill a run each time it comes to a random step; it ends as if nothing had happened."""
    args = overrides(small_config, tmp_path)
    for step in sorted(random.Random(seed).sample(range(1, STEPS - 10), kills)):
        child = FORK.Process(target=graphssl.run, args=(args,))
        child.start()
        while steps_done(tmp_path) < step and child.is_alive():
            time.sleep(0.002)
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL
    record = graphssl.run(args)
    assert traces(Path(record.folder)) == whole
    assert {path.name for path in Path(record.folder).iterdir()} == {
        "config.yaml", "encoder.pt", "metrics.jsonl", "overrides.json", "record.json",
        "spectra.npz",
    }  # fmt: skip


def test_killed_three_times(tmp_path, small_config, whole):
    check(tmp_path, small_config, whole, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 11))
def test_killed_thirty_times(tmp_path, small_config, whole, seed):
    check(tmp_path, small_config, whole, seed)


def test_killed_in_the_middle_of_a_checkpoint(tmp_path, small_config, whole):
    args = overrides(small_config, tmp_path)
    save = torch.save

    def die_half_way(content, file):
        if "step" in content and content["step"] >= 21:
            file.write(b"half a checkpoint")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        save(content, file)

    def run():
        torch.save = die_half_way
        graphssl.run(args)

    child = FORK.Process(target=run)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    (folder,) = tmp_path.glob("sbm-*")
    assert torch.load(folder / "checkpoint.pt", weights_only=True)["step"] == 14
    record = graphssl.run(args)
    assert record.training["resumed_from"] == 14
    assert traces(folder) == whole
    assert not list(folder.glob("*partial*"))
