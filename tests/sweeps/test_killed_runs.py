"""A run killed at any moment goes on to the same last bit."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest
import torch
from tests.traces import traces

import graphssl
from graphssl.training.checkpoint import Checkpointer

# Children are forked from this process, so that they need no imports of their own.
FORK = multiprocessing.get_context("fork")
STEPS = 150


def overrides(small_config, root):
    return [
        *small_config, f"trainer.steps={STEPS}", "trainer.checkpoint_every=7",
        "diagnostics.every=40", f"paths.runs={root}",
    ]  # fmt: skip


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
    save, replace = Checkpointer.save, Path.replace

    def die_half_way(self, state):
        def die(partial, target):
            if Path(target).name == "checkpoint.pt":
                os.truncate(partial, 1000)
                os.kill(os.getpid(), signal.SIGKILL)
            return replace(partial, target)

        if state.step >= 21:
            Path.replace = die
        save(self, state)

    def run():
        Checkpointer.save = die_half_way
        graphssl.run(args)

    child = FORK.Process(target=run)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    (folder,) = tmp_path.glob("sbm-*")
    assert torch.load(folder / "checkpoint.pt", weights_only=True)["step"] == 14
    assert list(folder.glob(".checkpoint.pt.*.partial"))
    record = graphssl.run(args)
    assert record.training["resumed_from"] == 14
    assert traces(folder) == whole
    assert not list(folder.glob("*partial*"))
