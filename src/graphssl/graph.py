"""A graph, and a graph seen through masks.

Shapes: N nodes, E edges (each direction counted), F features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Graph:
    """An untouched graph. Compared and hashed by identity, so that work done on it can be cached.

    Attributes:
        x: node features, (N, F), floating point.
        edge_index: (2, E) int64; row 0 holds sources, row 1 targets (PyG's source_to_target).
        edge_weight: (E,) or None, which stands for ones.
    """

    x: Tensor
    edge_index: Tensor
    edge_weight: Tensor | None = None

    @property
    def num_nodes(self) -> int:
        """N."""
        return self.x.size(0)

    @property
    def num_edges(self) -> int:
        """E, each direction counted."""
        return self.edge_index.size(1)

    @property
    def num_features(self) -> int:
        """F."""
        return self.x.size(1)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Graph:
        """This graph on ``device``, its floating-point tensors as ``dtype`` where one is given."""
        weight = self.edge_weight
        return Graph(
            x=self.x.to(device, dtype),
            edge_index=self.edge_index.to(device),
            edge_weight=None if weight is None else weight.to(device, dtype),
        )

    def view(self) -> GraphView:
        """The view that hides nothing."""
        return GraphView(self)


@dataclass(frozen=True, eq=False)
class GraphView:
    """A graph seen through masks: nothing is copied until plain tensors are asked for.

    Attributes:
        graph: the untouched graph.
        feature_mask: (F,) bool, True where a feature dimension is kept; None keeps all.
        edge_mask: (E,) bool, True where an edge is kept; None keeps all.
    """

    graph: Graph
    feature_mask: Tensor | None = None
    edge_mask: Tensor | None = None

    def keep_features(self, mask: Tensor) -> GraphView:
        """The view that also hides the feature dimensions where ``mask`` (F,) is False."""
        both = mask if self.feature_mask is None else self.feature_mask & mask
        return replace(self, feature_mask=both)

    def keep_edges(self, mask: Tensor) -> GraphView:
        """The view that also hides the edges where ``mask`` (E,) is False."""
        both = mask if self.edge_mask is None else self.edge_mask & mask
        return replace(self, edge_mask=both)

    @property
    def x(self) -> Tensor:
        """Features with the hidden dimensions at zero, (N, F)."""
        if self.feature_mask is None:
            return self.graph.x
        return self.graph.x * self.feature_mask

    @property
    def edge_index(self) -> Tensor:
        """The edges that are left, (2, E')."""
        if self.edge_mask is None:
            return self.graph.edge_index
        return self.graph.edge_index[:, self.edge_mask]

    @property
    def edge_weight(self) -> Tensor | None:
        """The weights of the edges that are left, (E',), or None."""
        if self.edge_mask is None or self.graph.edge_weight is None:
            return self.graph.edge_weight
        return self.graph.edge_weight[self.edge_mask]
