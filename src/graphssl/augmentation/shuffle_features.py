"""Random exchange of features between nodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphssl.checks import number
from graphssl.graph import GraphView


def exchange(chosen: Tensor, order: Tensor) -> Tensor:
    """Return the permutation that gives the i-th chosen row the i-th chosen one in random order.

    Args:
        chosen: (N,) bool.
        order: (N,), a uniform number in [0, 1) per row, by which the chosen ones are ordered.

    Returns:
        The row that each row receives, (N,) int64; rows that are not chosen keep their own.

    Example:
        >>> exchange(torch.tensor([True, False, True]), torch.tensor([0.7, 0.0, 0.2])).tolist()
        [2, 1, 0]
    """
    places = (~chosen).to(torch.uint8).argsort(stable=True)  # the chosen ones first, by index
    drawn = torch.where(chosen, order, 2.0).argsort(stable=True)  # the same, in random order
    return torch.empty_like(places).index_copy_(0, places, drawn)


def shuffle_features(view: GraphView, p: float, generator: torch.Generator) -> GraphView:
    """Choose each node with probability ``p``, and permute the features among the chosen nodes.

    With all nodes this is the corruption of DGI (arXiv 1809.10341). ``p = 0`` draws nothing.
    """
    if p == 0:
        return view
    x = view.x
    chosen, order = torch.rand((2, x.size(0)), generator=generator, device=x.device)
    return view.with_features(x.index_select(0, exchange(chosen < p, order)))


@dataclass(frozen=True)
class ShuffleFeatures:
    """Exchange the features of random nodes; see ``shuffle_features``.

    Attributes:
        p: probability with which a node takes part, in [0, 1).

    Raises:
        ConfigError: ``p`` is outside [0, 1).

    Example:
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.eye(3), torch.tensor([[0, 1], [1, 2]])).view()
        >>> ShuffleFeatures(p=0.9)(view, torch.Generator().manual_seed(0)).x.sum(0).tolist()
        [1.0, 1.0, 1.0]
    """

    p: float

    def __post_init__(self) -> None:
        number("ShuffleFeatures.p", self.p, least=0, below=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Exchange features in ``view``."""
        return shuffle_features(view, self.p, generator)
