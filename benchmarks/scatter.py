"""Value of torch-scatter: ``python -m benchmarks.scatter``, after ``make scatter``.

Times a BGRL step on Amazon Photo, with and without torch-scatter in turn, and counts its calls.
"""

from __future__ import annotations

from unittest.mock import patch

import torch_geometric.typing
from torch.profiler import profile

from benchmarks.graphs import setting
from benchmarks.measure import KEEP_MEMORY, in_child, interleaved
from benchmarks.step import OurStep, plain_step

ROUNDS = 5
STEPS = ("plain PyG gcn", "plain PyG gat", "gatv2", "sage", "gin")


def compare(name: str, graph: str, rounds: int) -> dict[str, float]:
    """Measure median seconds per step with torch-scatter and without, and its calls per step."""
    encoder = name.split()[-1]
    on = setting(graph, f"encoder={encoder}")
    step = plain_step(on, encoder) if name.startswith("plain") else OurStep(on)

    def without() -> None:
        with patch.object(torch_geometric.typing, "WITH_TORCH_SCATTER", False):
            step()

    with_it, without_it = interleaved([step, without], rounds)
    with profile() as seen:
        step()
    calls = sum(e.count for e in seen.key_averages() if e.key.startswith("torch_scatter::"))
    return {"with": with_it, "without": without_it, "calls": calls}


def main() -> None:
    if not torch_geometric.typing.WITH_TORCH_SCATTER:
        raise SystemExit("torch-scatter is not installed: make scatter")
    print(f"{'step':16}{'with':>9}{'without':>11}{'without / with':>17}{'calls per step':>15}")
    for name in STEPS:
        found = in_child(
            "benchmarks.scatter:compare", KEEP_MEMORY, name=name, graph="amazon_photo",
            rounds=ROUNDS,
        )  # fmt: skip
        ratio = found["without"] / found["with"]
        print(
            f"{name:16}{found['with']:7.2f} s{found['without']:9.2f} s{ratio:17.2f}"
            f"{found['calls']:15}",
            flush=True,
        )


if __name__ == "__main__":
    main()
