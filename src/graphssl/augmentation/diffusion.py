"""Graph diffusion: edges weighted by personalised PageRank or by a heat kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from graphssl.checks import number, whole_number
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per

COLUMNS = 1024  # targets diffused at a time, so that no N x N matrix is made
TOLERANCE = 1e-7  # the sum of the coefficients that are left out


def ppr_coefficients(alpha: float) -> list[float]:
    """Compute ``alpha (1 - alpha)^k`` until the rest is below ``TOLERANCE``.

    Example:
        >>> [round(c, 3) for c in ppr_coefficients(0.5)[:3]]
        [0.5, 0.25, 0.125]
    """
    terms = math.ceil(math.log(TOLERANCE) / math.log(1 - alpha))
    return [alpha * (1 - alpha) ** k for k in range(terms + 1)]


def heat_coefficients(t: float) -> list[float]:
    """Compute ``e^-t t^k / k!`` until the rest is below ``TOLERANCE``.

    Example:
        >>> [round(c, 3) for c in heat_coefficients(1.0)[:3]]
        [0.368, 0.368, 0.184]
    """
    found = [math.exp(-t)]
    while 1 - math.fsum(found) > TOLERANCE or len(found) <= t:
        found.append(found[-1] * t / len(found))
    return found


def diffused(graph: Graph, coefficients: list[float], top_k: int) -> tuple[Tensor, Tensor]:
    """Keep the ``top_k`` largest weights into every node of ``S = sum_k c_k T^k``.

    ``T = D^-1/2 (A + I) D^-1/2`` with the degrees of ``A + I``. The kept weights into each node are
    divided by their sum, as in GDC (Klicpera et al., arXiv 1911.05485). S is computed for
    ``COLUMNS`` nodes at a time, by products with the sparse T.

    Args:
        graph: the graph; its edge weights count.
        coefficients: c_k.
        top_k: sources per node, itself among them.

    Returns:
        ``edge_index`` (2, N min(top_k, N)) and ``edge_weight``. Entries that are 0 (sources that do
        not reach a node) are left out.
    """
    nodes, k = graph.num_nodes, min(top_k, graph.num_nodes)
    transition = _transition(graph)
    found: list[Tensor] = []
    bounds = [*range(0, nodes, COLUMNS), nodes]
    for first, end in pairwise(bounds):
        # Row i of T^k is what reaches target i: (T^k)^T e_i.
        state = torch.zeros(nodes, end - first, dtype=torch.float64, device=graph.x.device)
        state[torch.arange(first, end), torch.arange(end - first)] = 1.0
        total = coefficients[0] * state
        for coefficient in coefficients[1:]:
            state = transition @ state  # (N, N) @ (N, columns)
            total += coefficient * state
        weight, source = total.topk(k, dim=0)  # (k, columns) each
        weight = weight / weight.sum(0).clamp_min(1e-300)
        target = torch.arange(first, end, device=source.device).expand_as(source)
        kept = weight > 0
        found.append(torch.stack([source[kept].double(), target[kept].double(), weight[kept]]))
    source, target, weight = torch.cat(found, dim=1)
    return torch.stack([source.long(), target.long()]), weight.to(graph.x.dtype)


def _transition(graph: Graph) -> Tensor:
    """Compute the transpose of T, (N, N) sparse: row = source, column = target."""
    device, own = graph.x.device, graph.edge_weight
    nodes = torch.arange(graph.num_nodes, device=device)
    source, target = (torch.cat([ends, nodes]) for ends in graph.edge_index)  # (E + N,) each
    weight = torch.ones(source.numel(), dtype=torch.float64, device=device)
    if own is not None:
        weight[: graph.num_edges] = own.double()
    degree = torch.zeros(graph.num_nodes, dtype=torch.float64, device=device)
    scale = degree.index_add(0, target, weight).pow(-0.5)
    values = scale[source] * weight * scale[target]
    size = (graph.num_nodes, graph.num_nodes)
    with torch.sparse.check_sparse_tensor_invariants(True):  # also silences torch's warning
        return torch.sparse_coo_tensor(torch.stack([source, target]), values, size).coalesce()


@once_per
def _kernel(graph: Graph, coefficients: tuple[float, ...], top_k: int) -> tuple[Tensor, Tensor]:
    return diffused(graph, list(coefficients), top_k)


@dataclass(frozen=True)
class PPRDiffusion:
    """Replace the edges by the strongest ones of personalised PageRank.

    ``S = alpha (I - (1 - alpha) T)^-1``; see ``diffused``. Computed once per graph; nothing is
    drawn. MVGRL (arXiv 2006.05582) contrasts a graph with this view of it. Encoders that ignore
    edge weights see which edges there are, but not how strong they are.

    Attributes:
        alpha: teleport probability, in (0, 1); 0.2 in MVGRL.
        top_k: sources per node, itself among them.

    Raises:
        ConfigError: ``alpha`` is outside (0, 1), or ``top_k`` below 1; when called: the edges were
            hidden or replaced.

    Example:
        >>> view = Graph(torch.ones(3, 2), torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])).view()
        >>> PPRDiffusion(top_k=2)(view, torch.Generator()).edge_index.shape
        torch.Size([2, 6])
    """

    alpha: float = 0.2
    top_k: int = 32

    def __post_init__(self) -> None:
        number("PPRDiffusion.alpha", self.alpha, above=0, below=1)
        whole_number("PPRDiffusion.top_k", self.top_k, least=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Replace the edges of ``view``; ``generator`` is not used."""
        del generator
        return _replaced(view, "PPRDiffusion", ppr_coefficients(self.alpha), self.top_k)


@dataclass(frozen=True)
class HeatDiffusion:
    """Replace the edges by the strongest ones of the heat kernel ``S = exp(-t (I - T))``.

    See ``diffused``; otherwise as ``PPRDiffusion``.

    Attributes:
        t: diffusion time, above 0; 5 in MVGRL.
        top_k: sources per node, itself among them.

    Raises:
        ConfigError: ``t`` is not above 0 or above 100, or ``top_k`` is below 1; when called: the
            edges were hidden or replaced.

    Example:
        >>> view = Graph(torch.ones(3, 2), torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])).view()
        >>> HeatDiffusion(t=3, top_k=1)(view, torch.Generator()).edge_weight.tolist()
        [1.0, 1.0, 1.0]
    """

    t: float = 5.0
    top_k: int = 32

    def __post_init__(self) -> None:
        number("HeatDiffusion.t", self.t, above=0, most=100)
        whole_number("HeatDiffusion.top_k", self.top_k, least=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Replace the edges of ``view``; ``generator`` is not used."""
        del generator
        return _replaced(view, "HeatDiffusion", heat_coefficients(self.t), self.top_k)


def _replaced(view: GraphView, name: str, coefficients: list[float], top_k: int) -> GraphView:
    view.require_own_edges(name, all_shown=True)
    return view.with_edges(*_kernel(view.graph, tuple(coefficients), top_k))
