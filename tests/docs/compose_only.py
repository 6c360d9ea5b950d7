"""Checks printed commands that take too long to run: they compose, their names exist."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from tests.docs.pages import ROOT

from graphssl.report import cli as report_cli

# What a page may print beside our own commands.
FOREIGN = {"source", "git", "cd", "pre-commit", "sbatch", "squeue", "unzip", "tar", "export"}
FLAGS = {"-m", "--multirun", "--help", "--version", "--hydra-help"}
EXTRAS = set(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
)


def check(command: str, folder: Path) -> None:
    """Raise where ``command`` could not start; ``folder`` holds the files that the page writes."""
    for part in command.split("&&"):
        args = shlex.split(part, comments=True)
        while args and re.fullmatch(r"[A-Z_]+=.*", args[0]):
            args = args[1:]
        if args:
            _check(args, folder)


def _check(args: list[str], folder: Path) -> None:
    match [args[0].removeprefix(".venv/bin/").replace("python3", "python"), *args[1:]]:
        case ["graphssl", *rest] | ["python", "-m", "graphssl", *rest]:
            _compose(rest, folder)
        case ["graphssl-report", *rest]:
            _check_report(rest, folder)
        case ["make", *rest]:
            for line in _dry_run(rest):
                check(line, folder)
        case ["pip", *rest] | ["python", "-m", "pip", *rest]:
            for extras in re.findall(r"\[([\w,]+)\]", " ".join(rest)):
                assert set(extras.split(",")) <= EXTRAS, f"no extra {extras}"
        case ["python", "-m", module, *_]:
            assert importlib.util.find_spec(module), f"no module {module}"
        case ["python", script, *_]:
            assert (folder / script).exists() or (ROOT / script).exists(), f"no {script}"
        case [program, *_]:
            assert program in FOREIGN, f"no test knows the program {program}"


def _compose(args: list[str], folder: Path) -> None:
    settings = []
    arguments = iter(args)
    for arg in arguments:
        if arg in ("--config-dir", "--cfg", "--package"):
            value = next(arguments)
            if arg == "--config-dir" and (folder / value).is_dir():
                settings.append(f"hydra.searchpath=[file://{(folder / value).resolve()}]")
        elif arg not in FLAGS and arg != "...":
            assert not arg.startswith("-"), f"graphssl has no flag {arg}"
            settings.append(arg)
    if "hydra/launcher=ray" in settings:  # Ray has an environment of its own
        pytest.importorskip("hydra_plugins.hydra_ray_launcher")
    parsed = OverridesParser.create().parse_overrides(settings)
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        for overrides in _each_value(parsed):
            compose("config", overrides, return_hydra_config=True)


def _each_value(parsed: list[Override]) -> Iterator[list[str]]:
    """Yield every option of every swept group once, with the first value of the other sweeps."""
    choices = [_values(override) for override in parsed]
    first = [values[0] for values in choices]
    yield first
    for position, values in enumerate(choices):
        for value in values[1:]:
            yield [*first[:position], value, *first[position + 1 :]]


def _values(override: Override) -> list[str]:
    line = override.input_line or ""
    if not override.is_sweep_override():
        return [line]
    key = line.partition("=")[0]
    if isinstance(override.value(), IntervalSweep):
        return [f"{key}={override.value().start}"]
    values = [f"{key}={value}" for value in override.sweep_string_iterator()]
    return values if (ROOT / "conf" / key).is_dir() else values[:1]


def _check_report(args: list[str], folder: Path) -> None:
    said = StringIO()
    with redirect_stderr(said), redirect_stdout(said):
        try:
            options = report_cli._parser().parse_args(args)
        except SystemExit:
            raise AssertionError(said.getvalue()) from None
    report_cli._check_formats(options.format.split(",") if options.format else [])
    for table in (options.table or "main").split(","):
        shipped = report_cli.shipped_tables()
        assert table in shipped or (folder / table).exists(), f"no table {table}"


def _dry_run(args: list[str]) -> list[str]:
    """What make would run of ours, with the environment taken as made."""
    made = ["-o", ".venv/.installed", "-o", ".venv/.docs"]
    done = subprocess.run(
        ["make", "-n", *made, *args], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.replace("\\\n", " ").splitlines()
    return [
        line for line in lines if line.startswith((".venv/bin/graphssl", ".venv/bin/python -m"))
    ]
