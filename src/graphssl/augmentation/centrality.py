"""How central a node is: functions of the edges alone, in O(E) memory; edge weights are not read.

All return (N,) float64. Influence runs along an edge from source to target, so a node is central by
the edges that point at it (GCA, arXiv 2010.14945, section 3.2.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from graphssl.errors import ConfigError
from graphssl.graph import Graph


class Centrality(Protocol):
    """Equal by value and hashable, so that what was computed with it is found again."""

    def __call__(self, graph: Graph) -> Tensor:
        """Non-negative centrality of every node, (N,)."""
        ...

    def __hash__(self) -> int: ...


def degree(edge_index: Tensor, num_nodes: int) -> Tensor:
    """The number of edges that point at each node."""
    return torch.bincount(edge_index[1], minlength=num_nodes).double()


def pagerank(edge_index: Tensor, num_nodes: int, damping: float, iterations: int) -> Tensor:
    """PageRank by power iteration, scaled to mean 1.

    ``r <- (1 - d) + d * (A^T D^-1 r + r_dangling / N)``, from ones; the rank of nodes without
    outgoing edges is spread over all. After k iterations the error is below ``2 N d^k`` in L1.
    """
    source, target = edge_index
    out_degree = torch.bincount(source, minlength=num_nodes)
    dangling = (out_degree == 0).double()
    rank = torch.ones(num_nodes, dtype=torch.float64, device=edge_index.device)
    for _ in range(iterations):
        share = rank / out_degree.clamp(min=1)
        received = torch.zeros_like(rank).index_add_(0, target, share.index_select(0, source))
        rank = (1 - damping) + damping * (received + (rank @ dangling) / num_nodes)
    return rank


def eigenvector(edge_index: Tensor, num_nodes: int, iterations: int) -> Tensor:
    """Leading eigenvector of A^T by power iteration, of Euclidean length 1.

    Iterates ``v <- (A^T + I) v``: the identity leaves the eigenvector as it is and keeps a
    bipartite graph from swinging between its two sides.
    """
    source, target = edge_index
    v = torch.full((num_nodes,), num_nodes**-0.5, dtype=torch.float64, device=edge_index.device)
    for _ in range(iterations):
        v = v.index_add(0, target, v.index_select(0, source))
        v = v / v.norm()
    return v


@dataclass(frozen=True)
class Degree:
    """The number of edges that point at a node: ``degree``."""

    def __call__(self, graph: Graph) -> Tensor:
        """Of every node, (N,)."""
        return degree(graph.edge_index, graph.num_nodes)


@dataclass(frozen=True)
class PageRank:
    """``pagerank``; the paper's damping, and iterations enough for float32 (``0.85^100 < 1e-7``).

    Raises:
        ConfigError: ``damping`` outside [0, 1), fewer than one iteration.
    """

    damping: float = 0.85
    iterations: int = 100

    def __post_init__(self) -> None:
        if not 0.0 <= self.damping < 1.0:
            raise ConfigError(f"PageRank.damping={self.damping!r}: must lie in [0, 1)")
        _check_iterations("PageRank", self.iterations)

    def __call__(self, graph: Graph) -> Tensor:
        """Of every node, (N,)."""
        return pagerank(graph.edge_index, graph.num_nodes, self.damping, self.iterations)


@dataclass(frozen=True)
class Eigenvector:
    """``eigenvector + 1e-8``; 500 iterations were within 1e-14 of it on four benchmark graphs.

    The 1e-8 is GCA's, and keeps the logarithm finite at nodes that the eigenvector does not reach.
    Its code adds it for edges and not for features, whose importance may then be 0.

    Raises:
        ConfigError: fewer than one iteration.
    """

    iterations: int = 500

    def __post_init__(self) -> None:
        _check_iterations("Eigenvector", self.iterations)

    def __call__(self, graph: Graph) -> Tensor:
        """Of every node, (N,)."""
        return eigenvector(graph.edge_index, graph.num_nodes, self.iterations) + 1e-8


def _check_iterations(owner: str, iterations: int) -> None:
    if iterations < 1:
        raise ConfigError(f"{owner}.iterations={iterations!r}: at least 1")
