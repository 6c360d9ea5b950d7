"""Half-Hop: slow nodes on edges (Azabou et al., ICML 2023, arXiv 2308.09198)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphssl.checks import number
from graphssl.errors import ConfigError
from graphssl.graph import GraphView


def half_hop(view: GraphView, alpha: float, slowed: Tensor) -> GraphView:
    """Put a slow node v on every edge (s, t) into a slowed node t, except self-loops.

    Its features are ``alpha x_s + (1 - alpha) x_t``, and its edges s -> v, v -> t and t -> v. The
    slow nodes follow the N nodes of the graph, whose rows stay what they are; encoders drop the
    rows of slow nodes. This is ``torch_geometric.transforms.HalfHop`` for given nodes.

    Args:
        view: the view.
        alpha: share of the source in a slow node's features.
        slowed: (N,) bool.

    Raises:
        ConfigError: the graph has edge weights, for which Half-Hop is not defined.

    Example:
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.eye(2), torch.tensor([[0], [1]])).view()
        >>> slow = half_hop(view, 0.5, torch.tensor([False, True]))
        >>> slow.x[2].tolist(), slow.edge_index.tolist()
        ([0.5, 0.5], [[0, 2, 1], [2, 1, 2]])
    """
    if view.edge_weight is not None:
        raise ConfigError("HalfHop is defined for graphs without edge weights; leave it out here")
    x, (source, target) = view.x, view.edge_index
    chosen = slowed.index_select(0, target) & (source != target)  # (E,)
    s, t = source[chosen], target[chosen]  # (M,) each
    v = torch.arange(s.numel(), device=s.device) + x.size(0)
    kept = torch.stack([source[~chosen], target[~chosen]])
    through = [torch.stack(ends) for ends in ((s, v), (v, t), (t, v))]
    return view.with_nodes(
        alpha * x.index_select(0, s) + (1 - alpha) * x.index_select(0, t),  # (M, F)
        torch.cat([kept, *through], dim=1),
    )


@dataclass(frozen=True)
class HalfHop:
    """Slow the messages into random nodes; see ``half_hop``.

    Attributes:
        p: probability with which a node is slowed, in [0, 1).
        alpha: share of the source in a slow node's features, in [0, 1].

    Raises:
        ConfigError: ``p`` or ``alpha`` is out of range; when called: the graph has edge weights.

    Example:
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.eye(2), torch.tensor([[0], [1]])).view()
        >>> HalfHop(p=0.8)(view, torch.Generator().manual_seed(0)).x.shape
        torch.Size([3, 2])
    """

    p: float
    alpha: float = 0.5

    def __post_init__(self) -> None:
        number("HalfHop.p", self.p, least=0, below=1)
        number("HalfHop.alpha", self.alpha, least=0, most=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Add slow nodes to ``view``."""
        if self.p == 0:
            return view
        device = view.graph.x.device
        slowed = torch.rand(view.num_nodes, generator=generator, device=device) < self.p
        return half_hop(view, self.alpha, slowed)
