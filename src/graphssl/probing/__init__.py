"""Named protocols that score an embedding by node classification."""

from __future__ import annotations

from graphssl.probing.protocols import CrossValidatedSplits, GivenSplits, RandomSplits

__all__ = [
    "CrossValidatedSplits",
    "GivenSplits",
    "RandomSplits",
]
