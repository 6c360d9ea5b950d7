"""Inputs that are wrong in every place in turn: used, or answered in one line.

The fast tests take a few of each kind, the slow ones all; these print how many they tried.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from tests.damage import DAMAGES, HARMLESS
from tests.forked import forked, preload

import graphssl
import graphssl.cli
from graphssl.config.compose import compose
from graphssl.data.custom import CustomDataset
from graphssl.errors import DataError
from graphssl.report.runs.records import read_runs
from graphssl.results.record import RunRecord

# What hardly a key takes, and with no key means hours of work.
VALUES = ("null", "word", "-1", "0.5", "nan", "[]", "[1,a]", "{a:1}", "''", "true", "-1e30")
FLAGS: tuple[tuple[str, ...], ...] = (
    ("--config-dir", "/nowhere"), ("--config-dir=/etc/passwd",), ("--config-path", "/nowhere"),
    ("--config-name", "nothing"), ("--nothing",), ("-x",), ("seed",), ("=1",), ("seed==1",),
    ("seed=",), ("+seed=1",), ("~nothing",), ("++",), ("dataset",), ("dataset=",), ("/",),
    ("dataset@x=sbm",), ("encoder=gnc",), ("+encoder=gcn",), ("seed=0,1",), ("seed=range(3)",),
    ("seed=(",), ("seed=[1",), ("seed={",), ("seed='",), ("seed=${",), ("seed=${nothing}",),
    ("seed=${seed}",), ("seed=${oc.env:NOTHING_LIKE_THIS}",), ("experiment=nothing",),
    ("profile=nothing",), ("recipe=nothing",), ("seed=0", "-m", "trainer.steps=1"),
    ("trainer.threads=100000",), ("dataset.name=" + "x" * 300,), ("dataset.name=../x",),
    ("dataset.name='a b'",),
    ("probe=random_10_10_80", "probe.protocols.random_10_10_80.num_splits=1000000000"),
    ("probe=bgrl_official", "probe.protocols.bgrl_official.num_splits=1000000000"),
    ("probe=random_10_10_80", "probe.protocols.random_10_10_80.log2_C=[-2000,10]"),
    ("paths.runs=/dev/null",), ("paths.runs=/proc/nothing",), ("paths.runs=/dev/null/x",),
    ("dataset.num_nodes=1000000000000000",), ("recipe.channels=[100000000000,8]",),
    ("trainer.device=cuda:99",), ("trainer.device=tpu",), ("trainer.checkpoint_on=[KILL]",),
    ("trainer.checkpoint_on=TERM",), ("optimizer._target_=os.system",),
    ("encoder._target_=nothing.X",), ("objective._target_=graphssl.__main__.x",),
    ("hydra.run.dir=/proc/nothing",),
)  # fmt: skip
SECONDS = 120


def paths_in(node: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The path of every key, of those with keys of their own too."""
    for key, value in node.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *path) for path in paths_in(value))


def settings(small_config) -> list[tuple[str, ...]]:
    """Every key of a small run's configuration with each of the values."""
    config: Any = OmegaConf.to_container(compose(list(small_config))[0])
    kept = [".".join(path) for path in paths_in(config) if path != ("debug",)]
    return [(f"{key}={value}",) for key in kept for value in VALUES]


def is_refused(small_config, folder: Path, changes: tuple[str, ...]) -> bool:
    """Whether the command is refused; then in one line, without a traceback, in time."""
    preload()
    named = {change.partition("=")[0] for change in changes}
    small = [*small_config, "trainer.steps=2", "trainer.eval_every=0"]
    small = [option for option in small if option.partition("=")[0] not in named]
    before = places(folder)

    def work() -> None:
        signal.alarm(SECONDS)  # its default action ends the child
        os.chdir(folder)
        sys.argv = ["graphssl", *small, *changes]
        graphssl.cli.main()

    code, _, err = forked(work, folder / "log")
    assert "Traceback" not in err, (changes, err)
    if code == 0:
        return False
    said = [line for line in err.splitlines() if not line.startswith("[")]
    assert (code, len(said)) == (1, 1), (changes, code, said)
    assert said[0].startswith("graphssl: error: "), (changes, said)
    new = places(folder) - before
    told = {path.parent for path in new if path.name == "failed.json" and is_told(path)}
    told |= {path.parent for path in new if path.name == "record.json"}
    left = [path for path in new if not {path, *path.parents} & told]
    assert not left, (changes, said, left)  # what is refused leaves nothing, what fails says why
    return True


def places(folder: Path) -> set[Path]:
    """Every file and folder below ``folder``, except locks and what is printed."""
    found = set(folder.rglob("*")) - {folder / "log.out", folder / "log.err"}
    return {p for p in found if ".locks" not in p.parts and not (p / ".locks").exists()}


def is_told(failure: Path) -> bool:
    return bool(json.loads(failure.read_text())["error"] == "training")


def refusal(work: Callable[[], object]) -> str:
    """What the DataError of ``work`` says; empty where there is none."""
    try:
        work()
    except DataError as error:
        return str(error)
    return ""


def tell(capsys, what: str, tried: int, refused: int) -> None:
    with capsys.disabled():
        print(f"\n{what}: {tried} tried, {refused} answered in one line, {tried - refused} used")


@pytest.mark.parametrize("changes", random.Random(1).sample(FLAGS, 8))
def test_some_flags(small_config, tmp_path, changes):
    is_refused(small_config, tmp_path, changes)


@pytest.mark.slow
def test_all_flags(small_config, tmp_path, capsys):
    tell(capsys, "flags", len(FLAGS), sum(is_refused(small_config, tmp_path, f) for f in FLAGS))


@pytest.mark.parametrize("seed", range(8))
def test_some_settings(small_config, tmp_path, seed):
    is_refused(small_config, tmp_path, random.Random(seed).choice(settings(small_config)))


@pytest.mark.slow
def test_four_hundred_settings(small_config, tmp_path, capsys):
    chosen = random.Random(0).sample(settings(small_config), 400)
    refused, wrong = 0, []
    for changes in chosen:
        try:
            refused += is_refused(small_config, tmp_path, changes)
        except AssertionError as error:
            wrong.append(str(error).splitlines()[0][:2000])
    tell(capsys, "settings", len(chosen), refused)
    assert not wrong, "\n".join(wrong)
    assert refused > 200


def graph_file(path: Path) -> Path:
    """A good file of a graph."""
    arrays = {
        "x": np.arange(80, dtype=np.float32).reshape(40, 2),
        "edge_index": np.stack([np.arange(39), np.arange(1, 40)]),
        "y": np.arange(40) % 2,
    }
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        torch.save({key: torch.from_numpy(value) for key, value in arrays.items()}, path)
    return path


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


def is_no_graph(path: Path) -> bool:
    """Whether the file is refused, in one line that names it."""
    line = refusal(lambda: CustomDataset(str(path)).load(path.parent))
    assert "\n" not in line
    assert len(line) < 700
    return bool(line)


@pytest.mark.parametrize("suffix", ["npz", "pt"])
@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_graph(tmp_path, suffix, kind):
    path = graph_file(tmp_path / f"mine.{suffix}")
    DAMAGES[kind](path)
    assert is_no_graph(path) or kind in HARMLESS


@pytest.mark.parametrize("suffix", ["npz", "pt"])
@pytest.mark.parametrize("count", [20, pytest.param(400, marks=pytest.mark.slow)])
def test_a_graph_with_a_flipped_byte(tmp_path, capsys, suffix, count):
    """Numbers may not change without a word: archives carry checksums."""
    path = graph_file(tmp_path / f"mine.{suffix}")
    good, whole = path.read_bytes(), CustomDataset(str(path)).load(tmp_path)
    refused = 0
    for at in np.linspace(0, len(good) - 1, count).astype(int).tolist():
        path.write_bytes(good)
        flip(path, at)
        if is_no_graph(path):
            refused += 1
        else:
            found = CustomDataset(str(path)).load(tmp_path)
            assert torch.equal(found.graph.x, whole.graph.x), at
            assert torch.equal(found.graph.edge_index, whole.graph.edge_index), at
            assert torch.equal(found.y, whole.y), at
    if count > 20:
        tell(capsys, f"graphs, a byte of {suffix}", count, refused)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, small_config) -> Path:
    root = tmp_path_factory.mktemp("finished")
    return Path(graphssl.run([*small_config, "trainer.steps=2", f"paths.runs={root}"]).folder)


STRANGE = (
    None,
    "word",
    -1,
    0.5,
    [],
    {},
    [None],
    {"a": None},
    True,
    10**400,
    float("nan"),
    "x" * 9999,
)


def records(folder: Path) -> list[tuple[tuple[str, ...], Any]]:
    """Every key of a record with each of the strange values; ``...`` for none at all."""
    content = json.loads((folder / "record.json").read_text())
    return [(path, value) for path in paths_in(content) for value in (*STRANGE, ...)]


def write_changed(good: Path, folder: Path, key: tuple[str, ...], value: Any) -> None:
    content = json.loads((good / "record.json").read_text())
    *path, last = key
    node = content
    for part in path:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    (folder / "record.json").write_text(json.dumps(content))


def check_record(good: Path, folder: Path, key: tuple[str, ...], value: Any) -> int:
    """Read a changed record in every way; how many of three refuse it, each in one line."""
    write_changed(good, folder, key, value)
    refused = 0
    for read in (RunRecord.read, graphssl.load_run):
        line = refusal(lambda read=read: read(folder))
        assert "\n" not in line, (key, value)
        assert not line or str(folder) in line, (key, value)
        assert len(line) < 1000, (key, value)
        refused += bool(line)
    found = read_runs(folder.parent)
    assert len(found.records) + len(found.problems) == 1
    for problem in found.problems:
        assert "\n" not in problem.reason + problem.command, (key, value)
        assert len(problem.reason) < 1000, (key, value)
        refused += 1
    return refused


@pytest.mark.parametrize("seed", range(12))
def test_some_records(finished, tmp_path, seed):
    shutil.copytree(finished, tmp_path / "run")
    key, value = random.Random(seed).choice(records(finished))
    check_record(finished, tmp_path / "run", key, value)


@pytest.mark.slow
def test_all_records(finished, tmp_path, capsys):
    shutil.copytree(finished, tmp_path / "run")
    chosen = random.Random(0).sample(records(finished), 500)
    refused, wrong = 0, []
    for change in chosen:
        try:
            refused += check_record(finished, tmp_path / "run", *change)
        except Exception as error:
            wrong.append(f"{change}: {error!r}"[:2000])
    tell(capsys, "records, by three readers", 3 * len(chosen), refused)
    assert not wrong, "\n".join(wrong)
