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


def commands():
    return [line for kind, text in BLOCKS if kind == "bash" for line in text.splitlines() if line]


def test_there_is_something_to_try():
    assert len([line for line in commands() if line.startswith("graphssl")]) >= 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder with the files the README tells to write."""
    folder = tmp_path_factory.mktemp("reader")
    for _, text in BLOCKS:
        first, _, rest = text.partition("\n")
        if named := re.fullmatch(r"# (\S+\.(?:py|yaml))", first):
            path = folder / named[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rest)
    return folder


@pytest.mark.parametrize("command", commands())
def test_the_readme_can_be_followed(folder, command):
    program, *args = shlex.split(command)
    if program == "graphssl":
        args = [str(Path(sys.executable).with_name("graphssl")), *args, *SHORT]
    done = subprocess.run(
        [sys.executable, *args], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    if program == "graphssl":
        assert " % (random_10_10_80, 2 splits) -> runs/" in done.stdout
