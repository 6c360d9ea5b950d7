"""Time to ``graphssl --help``, and from the shell to the first step beyond imports and loading.

Both are measured as with a core install: optional plugins, which Hydra would import at every start,
are hidden. Processor seconds of separate processes.
"""

from __future__ import annotations

import builtins
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Row, interleaved

ROUNDS = 5
_CORE = (
    "import sys, types; plugins = types.ModuleType('hydra_plugins');"
    f"plugins.__path__ = [{str(ROOT / 'src' / 'hydra_plugins')!r}];"
    "sys.modules['hydra_plugins'] = plugins;"
)
HELP = _CORE + (
    "sys.argv = ['graphssl', '--help']; from graphssl.cli import main; main();"
    "assert 'torch' not in sys.modules"
)
BARE_HELP = _CORE + (
    "sys.argv = ['app', '--help']; import hydra;"
    "hydra.main(version_base='1.3', config_path=None)(lambda config: None)()"
)
FIRST_STEP = _CORE + "from benchmarks.startup import first_step; first_step()"
SHORT = ("trainer.steps=4", "trainer.eval_every=0", "trainer.progress=false", "diagnostics=end",
         "probe=[]")  # fmt: skip


class Clock:
    """Adds up the time of the outermost calls of the functions that it wraps."""

    def __init__(self) -> None:
        self.seconds, self._depth = 0.0, 0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            started = time.process_time()
            try:
                return call(*args, **kwargs)
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self.seconds += time.process_time() - started

        return timed


def first_step() -> None:
    """Run the command line on ``argv`` in this process; print the time by part.

    ``whole`` is the time to the end of the first step minus that of a later step; ``beyond`` also
    excludes the interpreter's start, imports and loading the graph.
    """
    interpreter = time.process_time()
    imports = Clock()
    builtins.__import__ = imports.around(builtins.__import__)
    importlib.import_module = imports.around(importlib.import_module)  # Hydra's way

    from graphssl import cli
    from graphssl.config import build
    from graphssl.training import loop

    loading, imported_while_loading = Clock(), 0.0
    ends: list[tuple[float, float]] = []
    timed_load = loading.around(build.dataset)

    def load(config: Any) -> Any:
        nonlocal imported_while_loading
        before = imports.seconds
        data = timed_load(config)
        imported_while_loading = imports.seconds - before
        return data

    class Watch(loop.LossWatch):
        def __call__(self, report: Any) -> None:
            ends.append((time.process_time(), imports.seconds))
            super().__call__(report)

    build.dataset, loop.LossWatch = load, Watch
    sys.argv[0] = "graphssl"
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        cli.main()
    end, imported = ends[0]
    whole = end - statistics.median(b - a for (a, _), (b, _) in pairwise(ends))
    loaded = loading.seconds - imported_while_loading
    print(json.dumps({"whole": whole, "beyond": whole - interpreter - imported - loaded}))


def python(code: str, *args: str) -> str:
    """Run ``code`` in a new process and return its output."""
    done = subprocess.run(
        [sys.executable, "-c", code, *args],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def time_to_first_step(*overrides: str) -> dict[str, float]:
    """Return the result of ``first_step`` in a new process."""
    with tempfile.TemporaryDirectory() as runs:
        shown = python(FIRST_STEP, *SHORT, f"paths.runs={Path(runs)}", *overrides)
    found: dict[str, float] = json.loads(shown)
    return found


def _children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def rows() -> list[Row]:
    ours, bare = interleaved(
        [partial(python, HELP), partial(python, BARE_HELP)], ROUNDS, clock=_children
    )
    found = [time_to_first_step() for _ in range(ROUNDS)]
    beyond, whole = (statistics.median(f[key] for f in found) for key in ("beyond", "whole"))
    return [
        Row("graphssl --help", "s", ours, None, "at most", 1.5, 0.8, ROUNDS,
            note=f"bare Hydra's own {bare:.2f} s"),
        Row("to the first step digits", "s", beyond, None, "at most", 1.0, 0.3, ROUNDS,
            note=f"with imports and loading {whole:.1f} s"),
    ]  # fmt: skip
