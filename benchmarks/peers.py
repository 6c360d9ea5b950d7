"""The same job in other packages: ``python -m benchmarks.peers``.

BGRL with a GCN of 256-256 and equal drop rates in both views, on Cora and Amazon Photo: in plain
PyG and, in the Python interpreters named, with PyGCL and with the other ``graphssl`` of the package
index:

    python -m benchmarks.peers --pygcl venv1/bin/python --other-graphssl venv2/bin/python

Steps are interleaved, with one process and one thread each and freed memory kept. All
representations are evaluated by our probe under ``random_10_10_80``. Lines of user code are those
of the program in ``benchmarks/peer_programs`` without empty lines, comments and docstring; for us
it is one command.
"""

from __future__ import annotations

import argparse
import ast
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.graphs import setting
from benchmarks.measure import KEEP_MEMORY, ROOT
from graphssl.config import build

PROGRAMS = Path(__file__).parent / "peer_programs"
STEPS = {"cora": 100, "amazon_photo": 30}


class Peer:
    """A running program in a separate Python process."""

    def __init__(self, program: str, python: str, job: Path) -> None:
        own = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"} if program == "ours" else {}
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        self.process = subprocess.Popen(
            [python, str(PROGRAMS / "harness.py"), str(PROGRAMS / f"{program}.py"), str(job)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**env, **own, **KEEP_MEMORY, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    def ask(self, line: str) -> str:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(line + "\n")
        stdin.flush()
        if answer := stdout.readline():
            return answer.strip()
        self.end()
        raise RuntimeError(f"{self.process.args} ended with {self.process.returncode}")

    def end(self) -> None:
        self.process.communicate()


def command(graph: str, steps: int) -> list[str]:
    """Return the arguments of the command that runs the job in graphssl."""
    return [
        f"dataset={graph}", "recipe.channels=[256,256]", "recipe.drop_feature=[0.2,0.2]",
        "recipe.drop_edge=[0.3,0.3]", f"trainer.steps={steps}", "probe=random_10_10_80",
    ]  # fmt: skip


def compare(
    graph: str, steps: int, pythons: Mapping[str, str], size: Any = None
) -> dict[str, dict[str, float]]:
    """Measure seconds per step, peak MiB, lines, accuracy (%) and its spread per program."""
    overrides = command(graph, steps)
    on = setting(graph, *overrides[1:-1], size=size)
    recipe = on.config.recipe
    job = {
        "x": on.data.graph.x, "edge_index": on.data.graph.edge_index, "y": on.data.y,
        "steps": steps, "warmup": round(on.config.trainer.warmup * steps), "overrides": overrides,
        **{name: list(recipe[name]) for name in ("channels", "drop_feature", "drop_edge")},
        **{name: recipe[name] for name in ("predictor_channels", "lr", "weight_decay")},
    }  # fmt: skip
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        torch.save(job, Path(folder) / "job.pt")
        peers = {
            name: Peer(name, python, Path(folder) / "job.pt") for name, python in pythons.items()
        }
        seconds: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(steps):
            for name, peer in peers.items():
                seconds[name].append(float(peer.ask("step")))
        for name, peer in peers.items():
            rows = Path(folder) / f"{name}.pt"
            found[name] = {
                "seconds": statistics.median(seconds[name][1:]),
                "mib": float(peer.ask("peak")),
                "lines": user_lines(name),
            }
            peer.ask(f"embed {rows}")
            peer.end()
            found[name] |= accuracy(on, torch.load(rows, weights_only=True))
    return found


def accuracy(on: Any, rows: torch.Tensor) -> dict[str, float]:
    """Compute mean and standard deviation of the test accuracy over the splits, in percent."""
    (protocol,) = build.protocols(on.config).values()
    splits = protocol.splits(on.data, 0)
    test = protocol.score(rows.numpy(), on.data.y.numpy(), splits, 0).test["accuracy"]
    return {"accuracy": 100 * statistics.mean(test), "spread": 100 * statistics.pstdev(test)}


def user_lines(program: str) -> int:
    """Count the lines of code in a program; ours is one command."""
    if program == "ours":
        return 1
    text = (PROGRAMS / f"{program}.py").read_text()
    tree = ast.parse(text)
    doc = range(1, tree.body[0].end_lineno + 1) if ast.get_docstring(tree) else range(0)
    lines = enumerate(text.splitlines(), 1)
    return sum(
        bool(line.strip()) and not line.strip().startswith("#") and number not in doc
        for number, line in lines
    )


def as_markdown(graph: str, steps: int, found: Mapping[str, Mapping[str, float]]) -> str:
    ours = found["ours"]["seconds"]
    lines = [
        f"{graph}, {steps} steps",
        "| | step | ours is | peak above loading | lines | accuracy |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {name} | {1e3 * one['seconds']:.0f} ms | {one['seconds'] / ours:.1f}x "
        f"| {one['mib']:.0f} MiB | {one['lines']} "
        f"| {one['accuracy']:.1f} +- {one['spread']:.1f} % |"
        for name, one in found.items()
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--graphs", nargs="+", choices=STEPS, default=list(STEPS))
    parser.add_argument("--steps", type=int, help="instead of each graph's own number")
    parser.add_argument("--pygcl", metavar="PYTHON", help="a Python that can import PyGCL")
    parser.add_argument("--other-graphssl", metavar="PYTHON", help="one with the other graphssl")
    options = parser.parse_args(arguments)
    pythons = {"ours": sys.executable, "plain_pyg": sys.executable}
    named = {"pygcl": options.pygcl, "other_graphssl": options.other_graphssl}
    pythons |= {name: python for name, python in named.items() if python}
    for graph in options.graphs:
        steps = options.steps or STEPS[graph]
        print(as_markdown(graph, steps, compare(graph, steps, pythons)), flush=True)


if __name__ == "__main__":
    main()
