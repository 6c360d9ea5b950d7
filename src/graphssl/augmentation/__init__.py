"""Random views of a graph: parts hidden, changed or added, all from one generator."""

from __future__ import annotations

from graphssl.augmentation.add_edges import AddEdges
from graphssl.augmentation.add_noise import AddNoise
from graphssl.augmentation.by_centrality import DropEdgesByCentrality, MaskFeaturesByCentrality
from graphssl.augmentation.centrality import Degree, Eigenvector, PageRank
from graphssl.augmentation.diffusion import HeatDiffusion, PPRDiffusion
from graphssl.augmentation.drop_edges import DropEdges
from graphssl.augmentation.drop_nodes import DropNodes
from graphssl.augmentation.half_hop import HalfHop
from graphssl.augmentation.mask_entries import MaskEntries
from graphssl.augmentation.mask_features import MaskFeatures
from graphssl.augmentation.shuffle_features import ShuffleFeatures
from graphssl.augmentation.subgraphs import KHopSubgraph, RandomWalkSubgraph
from graphssl.augmentation.two_views import TwoViews
from graphssl.contracts import Augmentation

__all__ = [
    "AddEdges",
    "AddNoise",
    "Augmentation",
    "Degree",
    "DropEdges",
    "DropEdgesByCentrality",
    "DropNodes",
    "Eigenvector",
    "HalfHop",
    "HeatDiffusion",
    "KHopSubgraph",
    "MaskEntries",
    "MaskFeatures",
    "MaskFeaturesByCentrality",
    "PPRDiffusion",
    "PageRank",
    "RandomWalkSubgraph",
    "ShuffleFeatures",
    "TwoViews",
]
