"""Throughput of a sweep with k joblib jobs at once (k: cores) against one job, one thread each.

The floor is the cores' own throughput: k processes that each multiply different matrices, compared
with one. Two virtual cores of one physical core give little more than one.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch
from joblib import cpu_count

from benchmarks.measure import ROOT, Row

ROUNDS = 2
RUNS = 4  # per job slot; the first is not counted, since it waits for imports
SWEEP = ("dataset=digits", "trainer.steps=15", "trainer.eval_every=0", "diagnostics=end",
         "probe=[]",
         "trainer.progress=false", "trainer.device=cpu", "trainer.threads=1",
         "hydra/launcher=joblib")  # fmt: skip


def runs_a_second(jobs: int) -> float:
    """Measure a real sweep from the shell, after every job slot has ended its first run."""
    with tempfile.TemporaryDirectory() as runs:
        options = [f"hydra.launcher.n_jobs={jobs}", f"seed=range({RUNS * jobs})"]
        subprocess.run(
            [sys.executable, "-m", "graphssl", "-m", *SWEEP, *options, f"paths.runs={runs}"],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        ends = sorted(path.stat().st_mtime for path in Path(runs).glob("*/record.json"))
    return (len(ends) - jobs) / (ends[-1] - ends[jobs - 1])


def products_a_second(jobs: int) -> float:
    """Measure ``jobs`` processes at once, each with different matrices."""
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        list(pool.map(_multiply, [time.time()] * jobs, [1.0] * jobs))  # imports, first touch
        return sum(pool.map(_multiply, [time.time() + 0.5] * jobs, [2.0] * jobs))


def _multiply(start: float, seconds: float) -> float:
    torch.set_num_threads(1)
    left, right = torch.rand(768, 768), torch.rand(768, 768)
    product = left @ right
    time.sleep(max(0.0, start - time.time()))
    count, started = 0, time.perf_counter()
    while time.perf_counter() < started + seconds:
        torch.mm(left, right, out=product)
        count += 1
    return count / (time.perf_counter() - started)


def rows() -> list[Row]:
    k = cpu_count()
    taken = [
        (runs_a_second(1), runs_a_second(k), products_a_second(1), products_a_second(k))
        for _ in range(ROUNDS)
    ]
    one, many, product_one, product_many = map(statistics.median, zip(*taken, strict=True))
    cores = product_many / product_one
    return [
        Row(f"sweep, {k} jobs at once", "s a run", 1 / many, 1 / one, "x", 0.8 * k, k, ROUNDS,
            floor=1 / one / cores, note=f"{k} products at once are {cores:.2f} of one")
    ]  # fmt: skip


def main() -> None:
    (row,) = rows()
    print(f"{60 * row.value / row.reference:.0f} runs a minute, {row.value:.2f} of one job's "
          f"({row.least:.1f} wanted); {row.note}")  # fmt: skip


if __name__ == "__main__":
    main()
