"""Energy and homophily of a representation over the edges of its graph.

Shapes: N nodes, P pairs of neighbours, D dimensions. Edges count once, without direction, weight,
repetition and self-loops; an energy of 0 is the limit of many layers of message passing.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from graphssl.data.node_pairs import undirected_pairs
from graphssl.diagnostics.geometry import unit_rows
from graphssl.graph import Graph
from graphssl.graph_cache import once_per

_NUMBERS = 2**22  # entries of the rows that are multiplied at a time


@once_per
def neighbour_pairs(graph: Graph) -> Tensor:
    """List the pairs of neighbours of ``graph``, (2, P), each once; computed once per graph."""
    return undirected_pairs(graph.edge_index)


def dirichlet_energy(z: Tensor, pairs: Tensor) -> float:
    """Compute ``tr(Z^T L Z) / ||Z||_F^2`` with ``L = I - D^-1/2 (A + I) D^-1/2``.

    Each pair of neighbours adds ``||z_i / sqrt(1 + d_i) - z_j / sqrt(1 + d_j)||^2`` to the trace,
    where d_i is the number of neighbours. It is the energy of Cai and Wang 2020, arXiv 2006.13318,
    definition 3.1, divided by the squared norm, so that layers of different scale compare.

    Args:
        z: (N, D).
        pairs: pairs of neighbours, (2, P), each once.

    Returns:
        A number in [0, 2), 0 if every row is ``sqrt(1 + d_i)`` times the same one; NaN for zeros.

    Example:
        >>> pairs = torch.tensor([[0], [1]])
        >>> round(dirichlet_energy(torch.tensor([[1.0], [-1.0]]), pairs), 6)
        1.0
        >>> dirichlet_energy(torch.tensor([[1.0], [1.0]]), pairs)
        0.0
    """
    return _energy(z, pairs, pair_cosines(z, pairs))


def neighbour_homophily(z: Tensor, pairs: Tensor) -> float:
    """Compute the mean over nodes of the mean cosine between a node's row and its neighbours' rows.

    ``mean_i mean_{j in N(i)} cos(z_i, z_j)`` over the nodes that have neighbours: node homophily
    (Pei et al. 2020, arXiv 2002.05287) with the cosine in place of equality of classes.

    Args:
        z: (N, D).
        pairs: pairs of neighbours, (2, P), each once.

    Returns:
        A number in [-1, 1]; NaN without edges.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
        >>> round(neighbour_homophily(z, torch.tensor([[0, 1], [1, 2]])), 4)  # 1, 1/2 and 0
        0.5
    """
    return _homophily(pairs, pair_cosines(z, pairs), z.size(0))


def neighbourhood_diagnostics(z: Tensor, graph: Graph) -> dict[str, float]:
    """Compute ``dirichlet_energy`` and ``neighbour_homophily`` of ``z`` where they are finite.

    Args:
        z: (N, D), one row per node of ``graph``.
        graph: the graph.
    """
    pairs = neighbour_pairs(graph)
    cosines = pair_cosines(z, pairs)
    found = {
        "dirichlet_energy": _energy(z, pairs, cosines),
        "neighbour_homophily": _homophily(pairs, cosines, z.size(0)),
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}


def pair_cosines(z: Tensor, pairs: Tensor) -> Tensor:
    """Compute the cosine of the two rows of every pair, (P,) float64; 0 for a row of zeros.

    Example:
        >>> pair_cosines(torch.tensor([[2.0, 0.0], [3.0, 0.0]]), torch.tensor([[0], [1]]))
        tensor([1.], dtype=torch.float64)
    """
    u = unit_rows(z)
    parts = pairs.split(max(1, _NUMBERS // z.size(1)), dim=1)
    return torch.cat([(u[i] * u[j]).sum(dim=1).double() for i, j in parts])


def _energy(z: Tensor, pairs: Tensor, cosines: Tensor) -> float:
    i, j = pairs
    lengths = torch.linalg.vector_norm(_scaled(z).double(), dim=1)  # (N,)
    degrees = 1 + torch.bincount(pairs.flatten(), minlength=z.size(0)).double()  # (N,)
    a = lengths / degrees.sqrt()
    # |a_i u_i - a_j u_j|^2, without the cancellation of a_i^2 + a_j^2 - 2 a_i a_j cos
    energy = ((a[i] - a[j]).square() + 2 * a[i] * a[j] * (1 - cosines).clamp_min(0)).sum()
    total = lengths.square().sum()
    return float(energy / total) if total > 0 else math.nan


def _homophily(pairs: Tensor, cosines: Tensor, num_nodes: int) -> float:
    both = pairs.flatten()  # (2P,)
    degrees = torch.bincount(both, minlength=num_nodes)
    sums = torch.zeros(num_nodes, dtype=cosines.dtype, device=cosines.device)
    sums.index_add_(0, both, cosines.repeat(2))
    touched = degrees > 0
    return float((sums[touched] / degrees[touched]).mean())


def _scaled(z: Tensor) -> Tensor:
    """Divide ``z`` by its largest entry, so that no square overflows or vanishes."""
    z = z.detach()
    largest = z.abs().max()
    return z / largest if largest > 0 else z
