"""Commands in children forked from the tests, where everything is imported.

Each costs what it computes and not seconds of imports, and leaves nothing behind. Tests of the
start itself (what is imported, what reaches a shell) begin a Python of their own.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import graphssl
import graphssl.cli


def preload() -> None:
    """Import every module once, so that no child has to."""
    for module in pkgutil.walk_packages(graphssl.__path__, "graphssl."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def shell(*args: str, cwd: Path) -> subprocess.CompletedProcess:
    """``graphssl`` with ``args`` in the folder ``cwd``, as a shell would run it."""
    preload()

    def work() -> None:
        os.chdir(cwd)
        sys.argv = ["graphssl", *args]
        graphssl.cli.main()

    with TemporaryDirectory() as folder:
        return subprocess.CompletedProcess(args, *forked(work, Path(folder) / "log"))


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
