"""All measurements that need a GPU, in one call: ``python -m benchmarks.gpu``.

Runs the tests that need a GPU, then prints two tables. Steps: per graph, the wall time per BGRL
step in plain PyG, in our loop, and in our loop with the step captured as a CUDA graph; the peak of
torch's allocator; and whether captured and uncaptured steps have the same losses to the last bit.
Precisions: accuracy and effective rank of whole runs, over three seeds. The full recipes are ``make
table-main PROFILE=paper``, and the whole suite is ``make test-all``.

If captured steps are equal and faster, ``trainer.cuda_graph`` becomes ``auto`` by default.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

import graphssl
from benchmarks.graphs import setting
from benchmarks.measure import ROOT
from benchmarks.step import OurStep, plain_step
from graphssl.training.loop import StepReport, train

GRAPHS = ("cora", "amazon_photo", "coauthor_cs")
PRECISIONS = ("fp32", "tf32", "bf16")
WARMUP, STEPS = 5, 50


def our_steps(graph: str, device: str, steps: int, *overrides: str, size: Any = None) -> Any:
    """Measure seconds per step after ``WARMUP``, peak MiB and losses of our loop."""
    on = setting(graph, f"trainer.steps={WARMUP + steps}", *overrides, size=size)
    parts = OurStep(on, device)
    losses: list[torch.Tensor] = []
    ends: list[float] = []

    def note(report: StepReport) -> None:
        losses.append(report.loss)
        if report.step in (WARMUP, report.total):
            ends.append(_now(device))

    _forget_peak(device)
    train(parts.state, parts.graph, parts.augmentation, parts.regularizer, parts.settings, [note])
    return (ends[1] - ends[0]) / steps, _peak_mib(device), torch.stack(losses).tolist()


def plain_steps(graph: str, device: str, steps: int, size: Any = None) -> tuple[float, float]:
    """Measure seconds per step after ``WARMUP`` and peak MiB of plain PyG."""
    step = plain_step(setting(graph, size=size), "gcn", device)
    _forget_peak(device)
    for _ in range(WARMUP):
        step()
    started = _now(device)
    for _ in range(steps):
        step()
    return (_now(device) - started) / steps, _peak_mib(device)


def step_lines(device: str, steps: int, graphs: Sequence[str], size: Any = None) -> Iterator[str]:
    """Yield the lines of the table of steps, one row per graph."""
    yield "| graph | plain PyG | ours | captured | peak: plain, ours, captured | same bits |"
    yield "|---|---:|---:|---:|---:|---|"
    capture = str(device != "cpu").lower()
    for graph in graphs:
        plain_s, plain_mib = plain_steps(graph, device, steps, size)
        ours_s, ours_mib, losses = our_steps(graph, device, steps, size=size)
        captured_s, captured_mib, again = our_steps(
            graph, device, steps, f"trainer.cuda_graph={capture}", size=size
        )
        yield (
            f"| {graph} | {1e3 * plain_s:.2f} ms | {1e3 * ours_s:.2f} ms, {plain_s / ours_s:.1f}x "
            f"| {1e3 * captured_s:.2f} ms, {plain_s / captured_s:.1f}x | {plain_mib:.0f}, "
            f"{ours_mib:.0f}, {captured_mib:.0f} MiB | {'yes' if losses == again else 'NO'} |"
        )


def precision_lines(device: str, steps: int, graph: str, *overrides: str) -> Iterator[str]:
    """Yield the lines of the table of precisions, mean and standard deviation over seeds."""
    yield f"| {graph}, {steps} steps | accuracy (%) | effective rank | seconds |"
    yield "|---|---:|---:|---:|"
    for precision in PRECISIONS if device != "cpu" else ("fp32", "bf16"):
        with tempfile.TemporaryDirectory() as folder:
            records = [
                graphssl.run(
                    [f"dataset={graph}", f"seed={seed}", f"trainer.steps={steps}",
                     f"trainer.device={device}", f"trainer.precision={precision}",
                     "trainer.progress=false", "probe=random_10_10_80", "diagnostics=end",
                     f"paths.runs={folder}", *overrides]
                )
                for seed in range(3)
            ]  # fmt: skip
        columns = (
            [100 * record.scores["random_10_10_80"]["test_mean"] for record in records],
            [record.diagnostics["representation"]["effective_rank_centred"] for record in records],
            [record.training["seconds"] for record in records],
        )
        cells = (f"{statistics.mean(c):.2f} +- {statistics.stdev(c):.2f}" for c in columns)
        yield f"| {precision} | {' | '.join(cells)} |"


def _now(device: str) -> float:
    if device != "cpu":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _forget_peak(device: str) -> None:
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats(device)


def _peak_mib(device: str) -> float:
    return torch.cuda.max_memory_allocated(device) / 2**20 if device != "cpu" else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--run-steps", type=int, default=1000, help="of the runs per precision")
    parser.add_argument("--graphs", nargs="+", default=GRAPHS)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        parser.error("torch sees no GPU")
    facts = (
        torch.cuda.get_device_name(), f"torch {torch.__version__}", f"CUDA {torch.version.cuda}",
        f"{torch.cuda.device_count()} GPUs",
    )  # fmt: skip
    print(", ".join(facts), flush=True)
    tests = [sys.executable, "-m", "pytest", "-q", "tests/training"]
    failed = subprocess.run(tests, cwd=ROOT).returncode
    for line in step_lines("cuda", options.steps, options.graphs):
        print(line, flush=True)
    for line in precision_lines("cuda", options.run_steps, "amazon_photo"):
        print(line, flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
