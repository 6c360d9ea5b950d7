"""The choice between removing hidden entries and multiplying them by zero."""

from __future__ import annotations

from graphssl.graph import Graph


def may_follow_masks(graph: Graph) -> bool:
    """Return whether shapes may depend on how many features or edges a view keeps.

    This is so on a CPU only: a GPU would have to be synchronised to learn the size, and a step with
    changing shapes cannot be captured as a CUDA graph.
    """
    return graph.x.device.type == "cpu"
