"""Value of two optimisations: ``python -m benchmarks.worth``.

Times the same step in turn: unchanged; with hidden entries multiplied by zero, as on a GPU, instead
of left out, and common parts of both views multiplied twice; and with the nodes in the data set's
own order. One process per graph.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any
from unittest.mock import patch

from benchmarks.graphs import setting
from benchmarks.measure import KEEP_MEMORY, in_child, interleaved
from benchmarks.step import OurStep
from graphssl.encoders.fast import node_order, shapes

ROUNDS = {"cora": 11, "amazon_photo": 7, "amazon_computers": 5, "coauthor_cs": 5}


def ways() -> dict[str, AbstractContextManager[Any]]:
    return {
        "as it is": nullcontext(),
        "times zero": patch.object(shapes, "may_follow_masks", lambda graph: False),
        "as numbered": patch.object(node_order, "renumbered_graph", lambda graph: None),
    }


def compare(graph: str, rounds: int, size: Any = None) -> dict[str, float]:
    """Measure the median seconds of the step in every way."""
    # A separate graph object for each way, so that nothing cached per graph is shared.
    steps = {way: OurStep(setting(graph, size=size)) for way in ways()}

    def step(way: str) -> None:
        with ways()[way]:
            steps[way]()

    sides = [partial(step, way) for way in steps]
    return dict(zip(steps, interleaved(sides, rounds), strict=True))


def main() -> None:
    print(f"{'graph':18}", *(f"{way:>14}" for way in ways()))
    for graph, rounds in ROUNDS.items():
        found = in_child("benchmarks.worth:compare", KEEP_MEMORY, graph=graph, rounds=rounds)
        usual, *others = found.values()
        cells = [f"{usual:12.3f} s", *(f"{s:6.3f} s {s / usual:4.2f}x" for s in others)]
        print(f"{graph:18}", *cells, flush=True)


if __name__ == "__main__":
    main()
