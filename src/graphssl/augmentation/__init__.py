"""Random views of a graph: masked features, dropped edges and nodes, all from one generator."""

from __future__ import annotations

from graphssl.augmentation.by_centrality import DropEdgesByCentrality, MaskFeaturesByCentrality
from graphssl.augmentation.centrality import Degree, Eigenvector, PageRank
from graphssl.augmentation.drop_edges import DropEdges
from graphssl.augmentation.drop_nodes import DropNodes
from graphssl.augmentation.mask_features import MaskFeatures
from graphssl.augmentation.two_views import TwoViews
from graphssl.contracts import Augmentation

__all__ = [
    "Augmentation",
    "Degree",
    "DropEdges",
    "DropEdgesByCentrality",
    "DropNodes",
    "Eigenvector",
    "MaskFeatures",
    "MaskFeaturesByCentrality",
    "PageRank",
    "TwoViews",
]
