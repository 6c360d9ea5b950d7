"""Subgraphs around random roots: all edges outside are hidden, and all nodes keep their rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphssl.checks import number, whole_number
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per


def within_hops(edge_index: Tensor, roots: Tensor, hops: int) -> Tensor:
    """Mark the nodes from which a path of at most ``hops`` edges leads to a root.

    These are the nodes whose features reach a root through ``hops`` layers.

    Args:
        edge_index: (2, E).
        roots: (N,) bool.
        hops: number of edges.

    Returns:
        (N,) bool, the roots included.

    Example:
        >>> within_hops(torch.tensor([[0, 1, 2], [1, 2, 3]]), torch.arange(4) == 2, 1).tolist()
        [False, True, True, False]
    """
    source, target = edge_index
    found = roots.float()
    for _ in range(hops):
        found = found.index_add(0, source, found.index_select(0, target)).clamp(max=1)
    return found > 0


@once_per
def _out_edges(graph: Graph) -> tuple[Tensor, Tensor]:
    """Sort the targets of all edges by source, (E,), with the offset of every node, (N + 1,)."""
    source, target = graph.edge_index
    degree = source.bincount(minlength=graph.num_nodes)
    offsets = torch.cat([degree.new_zeros(1), degree.cumsum(0)])
    return target[source.argsort(stable=True)], offsets


def visited(graph: Graph, roots: Tensor, steps: Tensor) -> Tensor:
    """Mark the nodes that random walks from ``roots`` visit.

    Every node walks, so that shapes do not depend on data; only the walks of roots leave marks. A
    walk stays at a node without outgoing edges.

    Args:
        graph: the graph, N nodes.
        roots: (N,) bool.
        steps: uniform numbers in [0, 1), (length, N), which choose the edge of each step.

    Returns:
        (N,) bool, the roots included.
    """
    targets, offsets = _out_edges(graph)
    at = torch.arange(graph.num_nodes, device=roots.device)
    marks = roots.float()
    found = marks
    for uniforms in steps if targets.numel() else ():
        first, end = offsets.index_select(0, at), offsets.index_select(0, at + 1)
        # In float64, so that the product stays below the degree.
        chosen = first + (uniforms.double() * (end - first)).long()
        moved = targets.index_select(0, chosen.clamp(max=targets.numel() - 1))
        at = torch.where(end > first, moved, at)
        found = found.index_add(0, at, marks)
    return found > 0


def _only(view: GraphView, nodes: Tensor) -> GraphView:
    """Hide the edges of ``view`` with an end outside ``nodes`` (N,) bool."""
    source, target = view.unmasked_edges[0]
    return view.keep_edges(nodes.index_select(0, source) & nodes.index_select(0, target))


def _roots(view: GraphView, p: float, generator: torch.Generator) -> Tensor:
    device = view.graph.x.device
    return torch.rand(view.graph.num_nodes, generator=generator, device=device) >= p


@dataclass(frozen=True)
class KHopSubgraph:
    """Keep the edges between nodes within ``hops`` of a root, and hide all others.

    Every node is a root with probability ``1 - p``. Nodes outside keep their row of features, so
    that row i is node i in both views; no message reaches or leaves them.

    Attributes:
        p: probability that a node is not a root, in [0, 1); 0 hides and draws nothing.
        hops: largest distance from a root.

    Raises:
        ConfigError: ``p`` is outside [0, 1), or ``hops`` below 1; when called: the edges were
            replaced.

    Example:
        >>> view = Graph(torch.ones(4, 2), torch.tensor([[0, 1, 2], [1, 2, 3]])).view()
        >>> KHopSubgraph(p=0.7, hops=1)(view, torch.Generator().manual_seed(1)).edge_index.tolist()
        [[2], [3]]
    """

    p: float
    hops: int = 2

    def __post_init__(self) -> None:
        number("KHopSubgraph.p", self.p, least=0, below=1)
        whole_number("KHopSubgraph.hops", self.hops, least=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide the edges of ``view`` outside the subgraph."""
        if self.p == 0:
            return view
        view.require_own_edges("KHopSubgraph")
        roots = _roots(view, self.p, generator)
        return _only(view, within_hops(view.graph.edge_index, roots, self.hops))


@dataclass(frozen=True)
class RandomWalkSubgraph:
    """Keep the edges between nodes that random walks from roots visit, and hide all others.

    Every node is a root with probability ``1 - p`` and starts one walk of ``length`` steps along
    outgoing edges of the graph (the subgraph view of GraphCL, arXiv 2010.13902). Rows stay aligned,
    as in ``KHopSubgraph``.

    Attributes:
        p: probability that a node is not a root, in [0, 1); 0 hides and draws nothing.
        length: steps of each walk.

    Raises:
        ConfigError: ``p`` is outside [0, 1), or ``length`` below 1; when called: the edges were
            replaced.

    Example:
        >>> view = Graph(torch.ones(4, 2), torch.tensor([[0, 1, 2], [1, 2, 3]])).view()
        >>> walk = RandomWalkSubgraph(p=0.7, length=1)
        >>> walk(view, torch.Generator().manual_seed(1)).edge_index.tolist()
        [[0], [1]]
    """

    p: float
    length: int = 10

    def __post_init__(self) -> None:
        number("RandomWalkSubgraph.p", self.p, least=0, below=1)
        whole_number("RandomWalkSubgraph.length", self.length, least=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide the edges of ``view`` outside the subgraph."""
        if self.p == 0:
            return view
        view.require_own_edges("RandomWalkSubgraph")
        roots, device = _roots(view, self.p, generator), view.graph.x.device
        shape = (self.length, view.graph.num_nodes)
        steps = torch.rand(shape, generator=generator, device=device)
        return _only(view, visited(view.graph, roots, steps))
