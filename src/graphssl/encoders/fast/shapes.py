"""The choice between leaving out what a mask hides and multiplying it by zero."""

from __future__ import annotations

from graphssl.graph import Graph


def may_follow_masks(graph: Graph) -> bool:
    """Whether the number of features or edges that a view keeps may be the size of a tensor.

    Only on the CPU: a GPU would have to finish before the size is known, and a step whose shapes
    change cannot be captured as a CUDA graph.
    """
    return graph.x.device.type == "cpu"
