"""Does what a page tells its reader to do, in the working directory."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import sys
from pathlib import Path
from types import ModuleType

from tests.docs.pages import Block, commands
from tests.forked import forked

import graphssl.cli
import graphssl.report.cli


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
