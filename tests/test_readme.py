"""The README's ways to extend graphssl, run as they stand from an empty folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXTEND = README.split("## Extend it")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", EXTEND, re.DOTALL)
# Made short; what belongs to the default dataset is left out where the README names its own.
SHORT = ["trainer.steps=3", "recipe.channels=[16,8]", "recipe.predictor_channels=8"]
SHORT += ["probe.protocols.random_10_10_80.num_splits=2"]


def commands(program):
    lines = [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines() if line]
    return [args for args in map(shlex.split, lines) if args[0] == program]


def run(folder, args):
    done = subprocess.run(
        [sys.executable, *args], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_is_something_to_try():
    assert len(commands("graphssl")) >= 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder with the files the README tells to write, its scripts run."""
    folder = tmp_path_factory.mktemp("reader")
    for _, text in BLOCKS:
        first, _, rest = text.partition("\n")
        if named := re.fullmatch(r"# (\S+\.(?:py|yaml))", first):
            path = folder / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rest)
    for _, *script in commands("python"):
        run(folder, script)
    return folder


@pytest.mark.parametrize("args", commands("graphssl"), ids=" ".join)
def test_the_readme_can_be_followed(folder, args):
    program = str(Path(sys.executable).with_name("graphssl"))
    said = run(folder, [program, *args[1:], *SHORT])
    assert " % (random_10_10_80, 2 splits), " in said
    assert " -> runs/" in said
