"""Time and peak memory of a step against graph size: ``python -m benchmarks.growth``.

Random graphs of 10^4 to 10^6 nodes, mean degree 10, 128 features, GCN 128-64, predictor 128,
float32, a whole BGRL step; each size in a process of its own. Four minutes and 16 GiB at most.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.graphs import Setting, random_graph
from benchmarks.measure import ROOT, in_child
from benchmarks.memory import peak_mib
from benchmarks.step import OurStep
from graphssl.cli import compose
from graphssl.contracts import NodeDataset
from graphssl.report.style import look, panels, png

NODES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
DEGREE = 10


def step_of(nodes: int) -> dict[str, float]:
    """Median processor seconds of a step, and the peak of the whole process in MiB."""
    config, *_ = compose(
        ["dataset=sbm", "recipe.channels=[128,64]", "recipe.predictor_channels=128"]
    )
    graph = random_graph(nodes, DEGREE * nodes, 128)
    y = torch.zeros(nodes, dtype=torch.int64)
    step = OurStep(Setting(config, NodeDataset("random", graph, y, 1), real=False))
    step()  # the one that plans the sparse products
    seconds = []
    for _ in range(2 if nodes > 500_000 else 5):
        started = time.process_time()
        step()
        seconds.append(time.process_time() - started)
    return {"nodes": nodes, "seconds": statistics.median(seconds), "mib": peak_mib()}


def draw(found: Sequence[dict[str, float]], path: Path) -> None:
    """Both against the number of edges, logarithmic, with a line of slope one."""
    edges = [DEGREE * f["nodes"] for f in found]
    figure, axes = panels(["time of a step", "peak memory of the process"])
    for i, (panel, values, unit) in enumerate(
        zip(axes, ([f["seconds"] for f in found], [f["mib"] / 2**10 for f in found]),
            ("seconds", "GiB"), strict=True)
    ):  # fmt: skip
        linear = [values[-1] * e / edges[-1] for e in edges]
        panel.loglog(edges, linear, color="#808080", linestyle=":", label="linear in edges")
        panel.loglog(edges, values, label="measured", **look(i))
        panel.set_xlabel("edges")
        panel.set_ylabel(unit)
        panel.legend()
    path.write_bytes(png(figure))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    parser.add_argument("--figure", type=Path, default=ROOT / "docs/figures/growth.png")
    options = parser.parse_args()
    print("| nodes | edges | step | per million edges | peak memory |\n|---:|---:|---:|---:|---:|")
    found = []
    for nodes in options.nodes:
        one = in_child("benchmarks.growth:step_of", nodes=nodes)
        found.append(one)
        seconds, edges = one["seconds"], DEGREE * nodes
        print(
            f"| {nodes:,} | {edges:,} | {seconds:.2f} s | {1e6 * seconds / edges:.2f} s | "
            f"{one['mib'] / 2**10:.2f} GiB |",
            flush=True,
        )
    draw(found, options.figure)


if __name__ == "__main__":
    main()
