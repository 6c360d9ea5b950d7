"""Shared by the benchmarks: interleaved timing, child processes, rows and the machine's facts."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# With these glibc keeps freed memory, so that neither side pays page faults for reusing it.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**36)}
_PACKAGES = ("torch", "torch-geometric", "scikit-learn", "numpy", "hydra-core")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: what was measured, on what.
        ours: in ``unit``; ``reference`` what it is compared with.
        value: how they compare, in ``kind``: ``"x"`` reference / ours (more is better), ``"share"``
            ours / reference and ``"at most"`` ours itself (less is better).
        least: the target of ``value``; ``aim`` the better one.
        floor: of ours, by the arithmetic alone, in ``unit``.
        rounds: interleaved rounds that the medians are of.
        note: what the reader has to know.
    """

    name: str
    unit: str
    ours: float
    reference: float | None
    kind: str
    least: float | None
    aim: float | None
    rounds: int
    floor: float | None = None
    note: str = ""

    @property
    def value(self) -> float:
        if self.reference is None:
            return self.ours
        return self.reference / self.ours if self.kind == "x" else self.ours / self.reference

    @property
    def verdict(self) -> str:
        if self.least is None or self.aim is None:
            return ""
        reached = [self.value >= t if self.kind == "x" else self.value <= t
                   for t in (self.least, self.aim)]  # fmt: skip
        return "aim" if reached[1] else "ok" if reached[0] else "MISSED"


def interleaved(
    sides: Sequence[Callable[[], Any]],
    rounds: int,
    warmup: int = 1,
    clock: Callable[[], float] = time.process_time,
) -> list[float]:
    """Measure the median seconds of each side, taking turns, without the first ``warmup`` turns.

    The processor's seconds unless another ``clock`` is given: with one thread these are those on
    the wall, less the time in which other work had the core.
    """
    seconds: list[list[float]] = [[] for _ in sides]
    for turn in range(warmup + rounds):
        for side, taken in zip(sides, seconds, strict=True):
            started = clock()
            side()
            if turn >= warmup:
                taken.append(clock() - started)
    return [statistics.median(taken) for taken in seconds]


def in_child(call: str, env: Mapping[str, str] | None = None, **arguments: Any) -> Any:
    """Return the result of ``call``, ``"module:function"``, from a new process with one thread."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.measure", call, json.dumps(arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{call}({arguments}) ended with exit status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def machine() -> dict[str, str]:
    """Describe processor, cores, memory, versions and threads."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        processor = names[0].split(": ")[1] if names else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "machine": f"{processor}, {os.cpu_count()} cores, {memory:.0f} GiB",
        "load before": f"{os.getloadavg()[0]:.1f}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{p} {version(p)}" for p in _PACKAGES)]
        ),
        "threads": "1",
    }


def main() -> None:
    module, function = sys.argv[1].split(":")
    print(json.dumps(getattr(import_module(module), function)(**json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()
