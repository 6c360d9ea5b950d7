"""Does what a page tells its reader to do, in the working directory.

Commands run in children forked from this process, where everything is imported, so each costs
what it computes and leaves nothing behind.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import runpy
import shlex
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.docs.pages import Block, commands

import graphssl
import graphssl.cli
import graphssl.report.cli


def preload() -> None:
    """Import every module once, so that no child has to."""
    for module in pkgutil.walk_packages(graphssl.__path__, "graphssl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def forked(work: Callable[[], Any], log: Path) -> tuple[int, str, str]:
    """Run ``work`` in a child; return its exit status, stdout and stderr."""
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pytest's workers have a second thread
        child = os.fork()
    if child == 0:
        code = 70  # what stays if this very function fails
        try:
            code = _child(work, log)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    said = [log.with_suffix(end).read_text(encoding="utf-8") for end in (".out", ".err")]
    return os.waitstatus_to_exitcode(status), said[0], said[1]


def _child(work: Callable[[], Any], log: Path) -> int:
    for descriptor, end in ((1, ".out"), (2, ".err")):
        file = os.open(log.with_suffix(end), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
    sys.stdout, sys.stderr = (os.fdopen(d, "w", encoding="utf-8", closefd=False) for d in (1, 2))
    warnings.resetwarnings()
    code = 0
    try:
        work()
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def execute(command: str) -> None:
    """Run one printed command in this process, as the shell would."""
    args = shlex.split(command, comments=True)
    match args:
        case ["graphssl", *_] | ["python", "-m", "graphssl", *_]:
            sys.argv = ["graphssl", *args[args.index("graphssl") + 1 :]]
            graphssl.cli.main()
        case ["graphssl-report", *rest]:
            graphssl.report.cli.main(rest)
        case ["python", "-m", module, *rest]:
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["python", script, *rest]:
            sys.argv = [script, *rest]
            sys.path.insert(0, os.getcwd())
            runpy.run_path(script, run_name="__main__")
        case _:
            raise ValueError(f"no test runs {args[0]!r}; mark the block <!-- long: why -->")


def follow(blocks: list[Block], logs: Path) -> None:
    """Write the files, run the code and the commands of a page, one after the other."""
    sys.path.insert(0, os.getcwd())
    page = ModuleType("page")
    sys.modules["page"] = page  # where dataclasses look up the module of their class
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.mark.startswith("long"):
            continue
        if block.file:
            path = Path(block.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text.partition("\n")[2], encoding="utf-8")
        elif block.language == "python":
            exec(compile(block.text, f"<block at line {block.line}>", "exec"), vars(page))
        elif block.language == "bash":
            for command in commands(block.text):
                _expect(block, following, command, logs)


def _expect(block: Block, following: Block | None, command: str, logs: Path) -> None:
    code, out, err = forked(lambda: execute(command), logs / "command")
    where = f"line {block.line}: {command}\n{out}{err}"
    if block.mark != "error":
        assert code == 0, f"exit status {code} of {where}"
        return
    assert code != 0, f"no error from {where}"
    assert following is not None, f"no text block below {where}"
    assert following.language == "text", f"no text block below {where}"
    pattern = re.escape(following.text.strip()).replace(r"\.\.\.", ".*")  # three dots: any text
    assert re.fullmatch(pattern, err.strip().splitlines()[-1]), where
