"""What is it worth to leave out what masks hide? ``python -m benchmarks.left_out``.

The same step with hidden features and edges left out, features that both views show multiplied
once, and with both multiplied by zero, as on a GPU; in turn, one process a graph.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from benchmarks.graphs import setting
from benchmarks.measure import KEEP_MEMORY, in_child, interleaved
from benchmarks.step import OurStep
from graphssl.encoders import shapes

ROUNDS = {"cora": 11, "amazon_photo": 7, "amazon_computers": 5, "coauthor_cs": 5}


def compare(graph: str, rounds: int, size: Any = None) -> dict[str, float]:
    """Median seconds of the step either way."""
    on = setting(graph, size=size)
    steps = {left_out: OurStep(on) for left_out in (True, False)}

    def step(left_out: bool) -> None:
        with patch.object(shapes, "may_follow_masks", lambda graph: left_out):
            steps[left_out]()

    left_out, times_zero = interleaved([lambda: step(True), lambda: step(False)], rounds)
    return {"left out": left_out, "times zero": times_zero}


def main() -> None:
    print("graph              left out   times zero   times zero / left out")
    for graph, rounds in ROUNDS.items():
        found = in_child("benchmarks.left_out:compare", KEEP_MEMORY, graph=graph, rounds=rounds)
        left_out, times_zero = found["left out"], found["times zero"]
        print(
            f"{graph:<18}{left_out:7.3f} s{times_zero:11.3f} s{times_zero / left_out:15.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
