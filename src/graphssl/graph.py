"""Graphs, and masked views of them.

Shapes: N nodes, E edges (each direction counted), F features.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from graphssl.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Graph:
    """An immutable graph, compared and hashed by identity so that results can be cached per graph.

    Attributes:
        x: node features, (N, F), floating point.
        edge_index: (2, E) int64; row 0 holds sources, row 1 targets (PyG's source_to_target).
        edge_weight: (E,), or None for ones.

    Example:
        >>> graph = Graph(torch.ones(3, 2), torch.tensor([[0, 1], [1, 2]]))
        >>> graph.num_nodes, graph.num_edges, graph.num_features
        (3, 2, 2)
    """

    x: Tensor
    edge_index: Tensor
    edge_weight: Tensor | None = None

    @property
    def num_nodes(self) -> int:
        """Number of nodes, N."""
        return self.x.size(0)

    @property
    def num_edges(self) -> int:
        """Number of edges E, each direction counted."""
        return self.edge_index.size(1)

    @property
    def num_features(self) -> int:
        """Number of features, F."""
        return self.x.size(1)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Graph:
        """Move the graph to ``device``; cast its floating-point tensors to ``dtype`` if given."""
        weight = self.edge_weight
        return Graph(
            x=self.x.to(device, dtype),
            edge_index=self.edge_index.to(device),
            edge_weight=None if weight is None else weight.to(device, dtype),
        )

    def view(self) -> GraphView:
        """Return the view that hides nothing."""
        return GraphView(self)


@dataclass(frozen=True, eq=False)
class GraphView:
    """A graph seen through masks; nothing is copied until plain tensors are requested.

    Changes that masks cannot express replace tensors (``with_features``, ``with_edges``,
    ``with_nodes``); masks set
    later hide parts of the new tensors. Encoders use the masks directly where they can; a view with
    replaced tensors takes the plain path.

    Attributes:
        graph: the original graph.
        feature_mask: (F,) bool, True where a feature dimension is kept, or (N, F), True where an
            entry is kept; None keeps all.
        edge_mask: (E,) bool, True where an edge is kept; None keeps all.
        features: (N, F) in place of the graph's features, (N + M, F) if M nodes were appended, or
            None.
        edges: ``edge_index`` (2, E) and ``edge_weight`` ((E,) or None) in place of the graph's
            edges, or None.

    Example:
        >>> graph = Graph(torch.ones(3, 2), torch.tensor([[0, 1], [1, 2]]))
        >>> view = graph.view().keep_edges(torch.tensor([True, False]))
        >>> view.edge_index.tolist()
        [[0], [1]]
        >>> view.with_features(2 * view.x).x[0].tolist()
        [2.0, 2.0]
    """

    graph: Graph
    feature_mask: Tensor | None = None
    edge_mask: Tensor | None = None
    features: Tensor | None = None
    edges: tuple[Tensor, Tensor | None] | None = None

    def keep_features(self, mask: Tensor) -> GraphView:
        """Additionally hide the dimensions (F,) or entries (N, F) where ``mask`` is False.

        Raises:
            ConfigError: the mask is not boolean or has another shape.
        """
        nodes, width = self._all_features.shape
        _check_mask("keep_features", mask, (width,), (nodes, width))
        both = mask if self.feature_mask is None else self.feature_mask & mask
        return replace(self, feature_mask=both)

    def keep_edges(self, mask: Tensor) -> GraphView:
        """Additionally hide the edges where ``mask`` (E,) is False.

        Raises:
            ConfigError: the mask is not boolean or has another shape.
        """
        _check_mask("keep_edges", mask, (self.num_edges,))
        both = mask if self.edge_mask is None else self.edge_mask & mask
        return replace(self, edge_mask=both)

    def require_own_edges(self, name: str, all_shown: bool = False) -> None:
        """Check that the edges were not replaced, for a part that needs the graph's own edges.

        Args:
            name: the part that needs them, for the message.
            all_shown: whether it needs all of them, so that none may be hidden either.

        Raises:
            ConfigError: the edges were replaced, or hidden.
        """
        hidden = all_shown and self.edge_mask is not None
        if self.edges is not None or hidden:
            raise ConfigError(
                f"{name} needs the graph's own edges, which an augmentation before it "
                f"{'hid' if hidden else 'replaced'}: put it first"
            )

    def require_own_nodes(self, name: str) -> None:
        """Check that no nodes were appended, for a part whose rows must be the graph's nodes.

        Args:
            name: the part that needs this, for the message.

        Raises:
            ConfigError: nodes were appended.
        """
        if self.num_nodes != self.graph.num_nodes:
            raise ConfigError(
                f"{name} works on the graph's own nodes, to which an augmentation appended others "
                "(half_hop); choose another augmentation or objective"
            )

    def with_features(self, x: Tensor) -> GraphView:
        """Replace the features, including hidden ones, with ``x`` (N, F).

        Raises:
            ConfigError: ``x`` is not a floating-point matrix of the same shape.
        """
        shape = self._all_features.shape
        if x.shape != shape or not x.is_floating_point():
            raise ConfigError(
                f"with_features: x is {x.dtype} of shape {tuple(x.shape)}, not a floating-point "
                f"tensor of shape {tuple(shape)}"
            )
        return replace(self, features=x, feature_mask=None)

    def with_edges(self, edge_index: Tensor, edge_weight: Tensor | None = None) -> GraphView:
        """Replace the edges, including hidden ones, with ``edge_index`` (2, E').

        Args:
            edge_index: int64, ids of the same N nodes.
            edge_weight: (E',), or None for ones.

        Raises:
            ConfigError: a shape or dtype is wrong. The ids themselves are not checked, since
                reading them would synchronise a GPU.
        """
        if edge_index.ndim != 2 or edge_index.size(0) != 2 or edge_index.dtype != torch.int64:
            raise ConfigError(
                f"with_edges: edge_index is {edge_index.dtype} of shape "
                f"{tuple(edge_index.shape)}, not int64 of shape (2, edges)"
            )
        if edge_weight is not None and edge_weight.shape != edge_index.shape[1:]:
            raise ConfigError(
                f"with_edges: edge_weight has shape {tuple(edge_weight.shape)}, not one number "
                f"for each of the {edge_index.size(1)} edges"
            )
        return replace(self, edges=(edge_index, edge_weight), edge_mask=None)

    def with_nodes(
        self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None
    ) -> GraphView:
        """Append nodes, and replace the edges with ``edge_index`` (2, E') between old and new ones.

        The graph's nodes stay rows 0 to N - 1. The appended ones take part in message passing, and
        ``encode`` drops their rows.

        Args:
            x: features of the appended nodes, (M, F).
            edge_index: int64, ids below N + M.
            edge_weight: (E',), or None for ones.

        Raises:
            ConfigError: a shape or dtype is wrong.
        """
        shown = self.x
        if x.ndim != 2 or x.size(1) != shown.size(1) or x.dtype != shown.dtype:
            raise ConfigError(
                f"with_nodes: x is {x.dtype} of shape {tuple(x.shape)}, not {shown.dtype} of shape "
                f"(nodes, {shown.size(1)})"
            )
        view = replace(self, features=torch.cat([shown, x]), feature_mask=None)
        return view.with_edges(edge_index, edge_weight)

    @property
    def hides_only(self) -> bool:
        """Whether the view does nothing but hide feature dimensions and edges."""
        per_entry = self.feature_mask is not None and self.feature_mask.ndim == 2
        return not self.replaces and not per_entry

    @property
    def replaces(self) -> bool:
        """Whether features or edges are not the graph's own."""
        return self.features is not None or self.edges is not None

    @property
    def num_nodes(self) -> int:
        """Number of nodes, appended ones included."""
        return self._all_features.size(0)

    @property
    def num_edges(self) -> int:
        """Number of edges including hidden ones, which is the length of an edge mask."""
        return self.unmasked_edges[0].size(1)

    @property
    def num_features(self) -> int:
        """Number of features F, including hidden ones."""
        return self._all_features.size(1)

    @property
    def x(self) -> Tensor:
        """Features (N, F), with zeros where they are hidden."""
        if self.feature_mask is None:
            return self._all_features
        return self._all_features * self.feature_mask

    @property
    def edge_index(self) -> Tensor:
        """Edges that are not hidden, (2, E')."""
        edge_index, _ = self.unmasked_edges
        return edge_index if self.edge_mask is None else edge_index[:, self.edge_mask]

    @property
    def edge_weight(self) -> Tensor | None:
        """Weights of the edges that are not hidden, (E',), or None."""
        _, weight = self.unmasked_edges
        return weight if weight is None or self.edge_mask is None else weight[self.edge_mask]

    @property
    def _all_features(self) -> Tensor:
        return self.graph.x if self.features is None else self.features

    @property
    def unmasked_edges(self) -> tuple[Tensor, Tensor | None]:
        """``edge_index`` (2, E) and ``edge_weight`` ((E,) or None) before any edge is hidden."""
        return self.edges or (self.graph.edge_index, self.graph.edge_weight)


def _check_mask(method: str, mask: Tensor, *shapes: tuple[int, ...]) -> None:
    if mask.dtype != torch.bool or tuple(mask.shape) not in shapes:
        wanted = " or ".join(map(str, shapes))
        raise ConfigError(
            f"{method}: the mask is {mask.dtype} of shape {tuple(mask.shape)}, not torch.bool of "
            f"shape {wanted}"
        )
