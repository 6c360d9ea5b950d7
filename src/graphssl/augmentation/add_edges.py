"""Random edges in addition to those of the graph."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from graphssl.checks import number
from graphssl.graph import GraphView


def add_edges(
    view: GraphView, p: float, generator: torch.Generator, undirected: bool = False
) -> GraphView:
    """Add ``round(p E)`` edges between two different nodes drawn uniformly (GraphCL, 2010.13902).

    E counts all edges of the view, hidden ones included. With ``undirected``, half as many pairs
    are drawn, and each is joined in both directions. An added edge may exist already. If the graph
    has weights, an added edge takes that of an edge drawn uniformly. ``p = 0`` draws nothing.
    """
    ways = 2 if undirected else 1
    count, nodes = round(p * view.num_edges / ways), view.num_nodes
    if count == 0 or nodes < 2:
        return view
    (edge_index, weight), device = (view.edge_index, view.edge_weight), view.graph.x.device
    ends = torch.rand((2, count), generator=generator, device=device, dtype=torch.float64)
    source = (ends[0] * nodes).long()  # (count,)
    target = (source + 1 + (ends[1] * (nodes - 1)).long()) % nodes  # any node but the source
    added = torch.stack([source, target])
    if undirected:
        added = torch.cat([added, added.flip(0)], dim=1)
    if weight is not None:
        known = view.unmasked_edges[1]
        assert known is not None
        picked = torch.rand(count, generator=generator, device=device, dtype=torch.float64)
        drawn = known.index_select(0, (picked * known.numel()).long()).repeat(ways)
        weight = torch.cat([weight, drawn])
    return view.with_edges(torch.cat([edge_index, added], dim=1), weight)


@dataclass(frozen=True)
class AddEdges:
    """Add random edges; see ``add_edges``.

    Attributes:
        p: added edges as a share of the present ones, in [0, 1).
        undirected: whether to add both directions of each.

    Raises:
        ConfigError: ``p`` is outside [0, 1).

    Example:
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.ones(3, 2), torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])).view()
        >>> AddEdges(p=0.5)(view, torch.Generator().manual_seed(0)).num_edges
        6
    """

    p: float
    undirected: bool = False

    def __post_init__(self) -> None:
        number("AddEdges.p", self.p, least=0, below=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Add random edges to ``view``."""
        return add_edges(view, self.p, generator, self.undirected)
