"""Time and peak memory of a step against graph size: ``python -m benchmarks.growth``.

Random graphs of 10^4 to 10^6 nodes, mean degree 10, 128 features, GCN 128-64, predictor 128,
float32, a whole BGRL step; each size in a separate process, with freed memory kept, as in a
run, and with glibc's default, which gives it back: slower, and uses less. Ten minutes, 17 GiB.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.graphs import Setting, random_graph
from benchmarks.measure import ROOT, in_child
from benchmarks.memory import peak_mib
from benchmarks.step import OurStep
from graphssl.cli import compose
from graphssl.contracts import NodeDataset
from graphssl.report.figures.style import look, one_legend, panels, png
from graphssl.training.allocator import memory_kept

NODES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
DEGREE = 10
# As a run has it, and what any MALLOC_ variable leaves: glibc's own way.
SETTINGS = {"freed memory kept": {}, "glibc's default": {"MALLOC_ARENA_MAX": "8"}}


def step_of(nodes: int) -> dict[str, float]:
    """Measure the median processor seconds per step, and the peak of the process in MiB."""
    config, *_ = compose(
        ["dataset=sbm", "recipe.channels=[128,64]", "recipe.predictor_channels=128"]
    )
    graph = random_graph(nodes, DEGREE * nodes, 128)
    y = torch.zeros(nodes, dtype=torch.int64)
    step = OurStep(Setting(config, NodeDataset("random", graph, y, 1), real=False))
    seconds = []
    with memory_kept():
        step()  # the first step plans the sparse products
        for _ in range(2 if nodes > 500_000 else 5):
            started = time.process_time()
            step()
            seconds.append(time.process_time() - started)
    return {"nodes": nodes, "seconds": statistics.median(seconds), "mib": peak_mib()}


def draw(found: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """Plot both against the number of edges, on logarithmic axes, with a line of slope 1."""
    figure, axes = panels(["processor time of a step", "peak memory of the process"])
    for panel, key, scale, unit in zip(
        axes, ("seconds", "mib"), (1.0, 2**-10), ("seconds", "GiB"), strict=True
    ):
        for i, (setting, measured) in enumerate(found.items()):
            edges = [DEGREE * one["nodes"] for one in measured]
            values = [scale * one[key] for one in measured]
            if i == 0:
                linear = [values[-1] * e / edges[-1] for e in edges]
                panel.plot(edges, linear, color="#808080", ls=":", label="linear in edges")
            panel.plot(edges, values, label=setting, **look(i))
        panel.set(xscale="log", yscale="log", xlabel="edges", ylabel=unit)
    one_legend(figure, axes)
    path.write_bytes(png(figure))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs/figures/growth.png")
    options = parser.parse_args()
    print("| nodes | edges | allocator | step | per million edges | peak memory |")
    print("|---:|---:|---|---:|---:|---:|")
    found: dict[str, list[dict[str, float]]] = {setting: [] for setting in SETTINGS}
    for nodes in options.nodes:
        for setting, env in SETTINGS.items():
            one = in_child("benchmarks.growth:step_of", env, nodes=nodes)
            found[setting].append(one)
            seconds, edges = one["seconds"], DEGREE * nodes
            print(
                f"| {nodes:,} | {edges:,} | {setting} | {seconds:.2f} s "
                f"| {1e6 * seconds / edges:.2f} s | {one['mib'] / 2**10:.2f} GiB |",
                flush=True,
            )
    draw(found, options.figure)


if __name__ == "__main__":
    main()
