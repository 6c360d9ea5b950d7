"""Named protocols that score an embedding: classification, clusters, links."""

from __future__ import annotations

from graphssl.contracts import ProbeProtocol, ProbeScores, Split
from graphssl.probing.adam_probe import AdamProbe
from graphssl.probing.clusters import KMeansClusters
from graphssl.probing.few_shot import FewShot
from graphssl.probing.links import LinkPrediction
from graphssl.probing.nearest_neighbors import NearestNeighbors
from graphssl.probing.node_probe import NodeProbe
from graphssl.probing.protocols import CrossValidatedSplits, GivenSplits, RandomSplits
from graphssl.probing.ridge import Ridge
from graphssl.probing.standardized import Standardized

__all__ = [
    "AdamProbe",
    "CrossValidatedSplits",
    "FewShot",
    "GivenSplits",
    "KMeansClusters",
    "LinkPrediction",
    "NearestNeighbors",
    "NodeProbe",
    "ProbeProtocol",
    "ProbeScores",
    "RandomSplits",
    "Ridge",
    "Split",
    "Standardized",
]
