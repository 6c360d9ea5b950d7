"""A run killed at any moment goes on to the same last bit."""

import json
import multiprocessing
import os
import random
import re
import signal
import sys
import time
from pathlib import Path

import pytest
import torch
from tests.damage import DAMAGES, remove
from tests.traces import traces

import graphssl
from graphssl.cli import main
from graphssl.data.torch_file import load_checked
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
    """The last step in the run's metrics, passing over what is no row."""
    steps = [0]
    for path in root.glob("sbm-*/metrics.jsonl"):
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        for line in lines:
            try:
                steps.append(json.loads(line)["step"] if line.endswith(b"\n") else 0)
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
    return steps[-1]


def check(tmp_path, small_config, whole, seed, kills=3, damaged=""):
    """Kill a run each time it comes to a random step; it ends as if nothing had happened.

    After each kill one of the files in ``damaged`` is damaged.
    """
    args, chance = overrides(small_config, tmp_path), random.Random(seed)
    for step in sorted(chance.sample(range(1, STEPS - 10), kills)):
        child = FORK.Process(target=graphssl.run, args=(args,))
        child.start()
        while steps_done(tmp_path) < step and child.is_alive():
            time.sleep(0.002)
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL
        (folder,) = tmp_path.glob("sbm-*")
        if damaged and (folder / damaged).exists():
            DAMAGES[chance.choice(list(DAMAGES))](folder / damaged)
        if damaged == "checkpoint.pt":
            follow_the_way_out(folder / damaged)
    record = graphssl.run(args)
    found = traces(Path(record.folder))
    if damaged == "metrics.jsonl":  # what could not be read is lost, nothing else
        assert found[1:] == whole[1:]
        assert found[0][-1] == whole[0][-1]
    elif damaged == "spectra.npz":
        assert (*found[:3], found[4]) == (*whole[:3], whole[4])
        assert found[3].items() <= whole[3].items()
    else:
        assert found == whole
    left = {path.name for path in Path(record.folder).iterdir() if ".damaged" not in path.name}
    assert left == {
        "config.yaml", "encoder.pt", "metrics.jsonl", "overrides.json", "record.json",
        "spectra.npz",
    }  # fmt: skip


def follow_the_way_out(path: Path):
    """Delete a checkpoint that cannot be read, as the message says."""
    try:
        load_checked(path)
    except Exception:
        if path.exists():
            remove(path)


@pytest.mark.slow
def test_killed_three_times(tmp_path, small_config, whole):
    check(tmp_path, small_config, whole, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 13))
def test_killed_thirty_six_times(tmp_path, small_config, whole, seed):
    check(tmp_path, small_config, whole, seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "damaged",
    ["checkpoint.pt", "metrics.jsonl", "spectra.npz", "config.yaml", "overrides.json"],
)
@pytest.mark.parametrize("seed", range(2))
def test_killed_thirty_times_with_a_damaged_file(tmp_path, small_config, whole, damaged, seed):
    check(tmp_path, small_config, whole, seed, damaged=damaged)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", [1, 5, 40, 77, 110])
def test_told_to_stop_ten_times(tmp_path, small_config, whole, number, step):
    """By the command line, wherever it happens to be."""
    args = overrides(small_config, tmp_path)

    def run():
        os.chdir(tmp_path)
        sys.argv = ["graphssl", *args]
        sys.stderr = (tmp_path / "err").open("w")
        main()

    child = FORK.Process(target=run)
    child.start()
    while steps_done(tmp_path) < step and child.is_alive():
        time.sleep(0.002)
    os.kill(child.pid, number)
    child.join()
    assert child.exitcode == 128 + number
    (said,) = (tmp_path / "err").read_text().splitlines()[-1:]
    told = re.fullmatch(r"graphssl: interrupted: .* step (\d+)", said)
    assert told, said
    record = graphssl.run(args)
    assert record.training["resumed_from"] == int(told[1]) >= step
    assert traces(Path(record.folder)) == whole


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
