"""Cost of quick and deep diagnostics at the default intervals, as a share of a run."""

from __future__ import annotations

from typing import Any

from benchmarks.graphs import setting
from benchmarks.measure import KEEP_MEMORY, Row, in_child, interleaved
from benchmarks.step import OurStep
from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.diagnostics.summary import representation_diagnostics
from graphssl.pipeline.embed import embed
from graphssl.probing.quick import quick_accuracy
from graphssl.probing.splits import random_splits
from graphssl.seeding import generator
from graphssl.training.matmul import products

ROUNDS = 5


def seconds_of_looks(graph: str, size: Any = None) -> dict[str, Any]:
    """Measure the seconds of one run's diagnostics, and of the run, at the recipe's length."""
    on = setting(graph, size=size)
    step, view, y = OurStep(on), on.data.graph.view(), on.data.y.numpy()
    (split,) = random_splits(len(y), 0.1, 0.1, 1, 0)

    def quick_look() -> None:
        rows = embed(step.objective.encoder, on.data.graph)
        representation_diagnostics(rows)
        quick_accuracy(rows.numpy(), y, split)

    def deep_look() -> None:
        stream = generator(0, "diagnostics")
        collapse_diagnostics(step.objective, view, lambda: step.augmentation(view, stream))

    with products("auto", on.data.graph.x.device):
        step_s, quick_s, deep_s = interleaved([step, quick_look, deep_look], ROUNDS)
    steps = step.settings.steps
    looks = _looks(steps, step.settings.eval_every) * quick_s
    looks += _looks(steps, on.config.diagnostics.every) * deep_s
    return {"looks": looks, "run": steps * step_s + looks, "real": on.real, "steps": steps}


def _looks(steps: int, every: int) -> int:
    return -(-steps // every) if every else 1  # the last step is always measured


def rows() -> list[Row]:
    table = []
    for graph in ("cora", "amazon_photo"):
        found = in_child("benchmarks.diagnostics:seconds_of_looks", KEEP_MEMORY, graph=graph)
        note = f"{found['steps']} steps" + ("" if found["real"] else ", random graph of its size")
        table.append(
            Row(f"diagnostics {graph}", "s", found["looks"], found["run"], "share", 0.05, 0.02,
                ROUNDS, note=note)
        )  # fmt: skip
    return table
