"""GCA's adaptive augmentation (arXiv 2010.14945, section 3.2): drop unimportant parts more often.

An edge or a feature dimension is dropped with probability
``min(p * drop_ratio(importance), p_tau)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphssl.augmentation.centrality import Centrality
from graphssl.augmentation.drop_edges import edge_uniforms
from graphssl.augmentation.importance import drop_ratio, edge_importance, feature_importance
from graphssl.checks import number
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per


@once_per
def edge_drop_ratio(graph: Graph, centrality: Centrality, undirected: bool) -> Tensor:
    """Compute ``drop_ratio`` of every edge, (E,) float32."""
    return drop_ratio(edge_importance(graph.edge_index, centrality(graph), undirected)).float()


@once_per
def feature_drop_ratio(graph: Graph, centrality: Centrality, dense: bool) -> Tensor:
    """Compute ``drop_ratio`` of every feature dimension, (F,) float32."""
    return drop_ratio(feature_importance(graph.x, centrality(graph), dense)).float()


@dataclass(frozen=True)
class DropEdgesByCentrality:
    """Drop random edges, more often those into unimportant nodes; p = 0 does and draws nothing.

    Attributes:
        p: mean drop probability, before it is capped at ``p_tau``.
        centrality: centrality of nodes; equal ones are computed once per graph.
        p_tau: upper bound of the drop probability of an edge; 0.7 in GCA's code.
        undirected: whether all edges between two nodes are kept or dropped together, weighted by
            both ends.

    Raises:
        ConfigError: ``p`` or ``p_tau`` is outside [0, 1).

    Example:
        >>> from graphssl.augmentation import Degree
        >>> view = Graph(torch.ones(3, 2), torch.tensor([[0, 1, 2], [1, 2, 1]])).view()
        >>> drop = DropEdgesByCentrality(p=0.4, centrality=Degree())
        >>> drop(view, torch.Generator().manual_seed(0)).edge_mask.shape
        torch.Size([3])
    """

    p: float
    centrality: Centrality
    p_tau: float = 0.7
    undirected: bool = False

    def __post_init__(self) -> None:
        number("DropEdgesByCentrality.p", self.p, least=0, below=1)
        number("DropEdgesByCentrality.p_tau", self.p_tau, least=0, below=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide edges of ``view``."""
        if self.p == 0:
            return view
        view.require_own_edges("DropEdgesByCentrality")
        ratio = edge_drop_ratio(view.graph, self.centrality, self.undirected)
        uniforms = edge_uniforms(view, generator, self.undirected)
        return view.keep_edges(uniforms >= (self.p * ratio).clamp(max=self.p_tau))


@dataclass(frozen=True)
class MaskFeaturesByCentrality:
    """Mask random features, more often those of unimportant nodes; p = 0 does nothing.

    Attributes:
        p: mean drop probability, before it is capped at ``p_tau``.
        centrality: centrality of nodes; equal ones are computed once per graph.
        p_tau: upper bound of the drop probability of a dimension; 0.7 in GCA's code.
        dense: whether to weight features by their magnitude, as GCA's code does on WikiCS, instead
            of counting nonzero ones, as it does on all other graphs.

    Raises:
        ConfigError: ``p`` or ``p_tau`` is outside [0, 1).

    Example:
        >>> from graphssl.augmentation import Degree
        >>> view = Graph(torch.eye(3), torch.tensor([[0, 1, 2], [1, 2, 1]])).view()
        >>> mask = MaskFeaturesByCentrality(p=0.4, centrality=Degree())
        >>> mask(view, torch.Generator().manual_seed(0)).feature_mask.shape
        torch.Size([3])
    """

    p: float
    centrality: Centrality
    p_tau: float = 0.7
    dense: bool = False

    def __post_init__(self) -> None:
        number("MaskFeaturesByCentrality.p", self.p, least=0, below=1)
        number("MaskFeaturesByCentrality.p_tau", self.p_tau, least=0, below=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide feature dimensions of ``view``."""
        if self.p == 0:
            return view
        ratio = feature_drop_ratio(view.graph, self.centrality, self.dense)
        uniforms = torch.rand(ratio.size(0), generator=generator, device=ratio.device)
        return view.keep_features(uniforms >= (self.p * ratio).clamp(max=self.p_tau))
