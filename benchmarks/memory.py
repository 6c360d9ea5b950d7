"""Peak memory of a step beyond that after loading, ours and plain PyG's, one process each.

Each with the allocator that its user gets: ours keeps freed memory, plain PyG has the default.
"""

from __future__ import annotations

import resource
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.graphs import setting
from benchmarks.measure import Row, in_child
from benchmarks.step import OurStep, plain_step
from graphssl.training.allocator import memory_kept

STEPS = 2  # the second one has the optimizer's moments too


def mib_of_steps(graph: str, side: str, size: Any = None) -> dict[str, Any]:
    """Measure the peak over two steps in MiB; ``side`` is ``"ours"`` or ``"plain"``."""
    on = setting(graph, size=size)
    step = OurStep(on) if side == "ours" else plain_step(on, "gcn")
    with memory_kept() if side == "ours" else nullcontext():  # as in a run
        before = _forget_peak()
        for _ in range(STEPS):
            step()
        return {"mib": peak_mib() - before, "real": on.real}


def _forget_peak() -> float:
    """Reset the peak; return the memory currently in use, in MiB."""
    with suppress(OSError):  # not Linux: the peak is that of loading, if loading took more
        Path("/proc/self/clear_refs").write_text("5")
    return peak_mib()


def peak_mib() -> float:
    """Return the peak memory of this process in MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [x for x in status.read_text().splitlines() if x.startswith("VmHWM")]
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # bytes on macOS


def rows() -> list[Row]:
    measure = partial(in_child, "benchmarks.memory:mib_of_steps", graph="coauthor_cs")
    ours, plain = measure(side="ours"), measure(side="plain")
    note = "" if ours["real"] else "random graph of its size"
    return [
        Row("peak memory coauthor_cs gcn", "MiB", ours["mib"], plain["mib"], "share", 0.5, 1 / 3,
            rounds=1, note=note)
    ]  # fmt: skip
