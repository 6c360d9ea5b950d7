"""Named protocols that score an embedding by node classification."""

from __future__ import annotations

from graphssl.contracts import ProbeProtocol, ProbeScores, Split
from graphssl.probing.protocols import CrossValidatedSplits, GivenSplits, RandomSplits

__all__ = [
    "CrossValidatedSplits",
    "GivenSplits",
    "ProbeProtocol",
    "ProbeScores",
    "RandomSplits",
    "Split",
]
