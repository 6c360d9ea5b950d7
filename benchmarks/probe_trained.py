"""The batched probe solver against scikit-learn on a briefly trained embedding of Amazon Photo.

20 splits x 21 C; scikit-learn fits the first split, and its time is multiplied by 20. ``quickest``
is the fastest of its solvers at any tolerance, ``optimum`` the one with a tolerance that brings it
as near to the optimum as the batched solver (docs/probes.md). ``python -m benchmarks.probe`` has
more of them, on random blobs.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.graphs import setting
from benchmarks.measure import KEEP_MEMORY, Row, in_child, interleaved
from benchmarks.step import OurStep
from graphssl.pipeline.embed import embed
from graphssl.probing.metrics import measure
from graphssl.probing.selection import Selection, select_on_validation
from graphssl.probing.solvers.batched import fit_batched
from graphssl.probing.solvers.liblinear import fit_one_vs_rest
from graphssl.probing.solvers.linear import normalized_rows
from graphssl.probing.solvers.multinomial import fit_multinomial
from graphssl.probing.splits import random_splits
from graphssl.training.matmul import products

GRID = 2.0 ** np.arange(-10, 11)
STEPS, ROUNDS = 30, 3
SOLVERS = {
    "lbfgs 1e-6": partial(fit_multinomial, tolerance=1e-6),
    "lbfgs 1e-4": partial(fit_multinomial, tolerance=1e-4),
    "liblinear": fit_one_vs_rest,
}


def seconds_of_solvers(splits: int = 20, steps: int = STEPS, size: Any = None) -> dict[str, Any]:
    """Measure seconds for all splits and the accuracy on the first one, by solver."""
    on = setting("amazon_photo", "recipe.channels=[256,256]", "recipe.lr=1e-3", size=size)
    step = OurStep(on)
    for _ in range(steps):
        step()
    y = on.data.y.numpy()
    rows = normalized_rows(embed(step.objective.encoder, on.data.graph).numpy(), y)
    every = random_splits(len(y), 0.1, 0.1, splits, 0)
    found: dict[str, Selection] = {}

    def solve(name: str, fit: Any, some: Any) -> None:
        found[name] = select_on_validation(rows, y, some, GRID, fit)

    def ours() -> None:
        with products("auto", on.data.graph.x.device):
            solve("batched", fit_batched, every)

    sides = [ours]
    sides += [partial(solve, name, fit, every[:1]) for name, fit in SOLVERS.items()]
    batched_s, *one_split_s = interleaved(sides, ROUNDS, warmup=0)
    seconds = {"batched": batched_s}
    seconds |= {name: splits * s for name, s in zip(SOLVERS, one_split_s, strict=True)}
    first = {
        name: measure(_first(one).models, rows, y, [every[0].test])["accuracy"][0]
        for name, one in found.items()
    }
    return {"seconds": seconds, "accuracy": first, "real": on.real}


def _first(selection: Selection) -> Selection:
    return selection._replace(
        models=type(selection.models)(
            selection.models.weight[:1], selection.models.bias[:1], selection.models.one_vs_rest
        )
    )


def rows() -> list[Row]:
    found = in_child("benchmarks.probe_trained:seconds_of_solvers", KEEP_MEMORY)
    seconds, accuracy = found["seconds"], found["accuracy"]
    quickest = min(SOLVERS, key=seconds.__getitem__)
    table = []
    for label, name in (("quickest", quickest), ("optimum", "lbfgs 1e-6")):
        points = 100 * (accuracy["batched"] - accuracy[name])
        note = f"{name}; ours {points:+.2f} points on the split both fitted"
        note += "" if found["real"] else "; random graph of its size"
        table.append(
            Row(f"probe amazon_photo {label}", "s", seconds["batched"], seconds[name], "x", 4.0,
                8.0, ROUNDS, note=note)
        )  # fmt: skip
    return table
