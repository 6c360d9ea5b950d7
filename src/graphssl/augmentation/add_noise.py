"""Gaussian noise on features."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from graphssl.checks import number
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per


@once_per
def feature_std(graph: Graph) -> torch.Tensor:
    """Compute the standard deviation of every feature dimension over nodes, (F,)."""
    return graph.x.std(dim=0, correction=0)


def add_noise(view: GraphView, scale: float, generator: torch.Generator) -> GraphView:
    """Add ``scale * std_f * N(0, 1)`` to every entry that is not hidden, std_f of dimension f.

    Noise in units of a dimension's spread leaves constant dimensions as they are. ``scale = 0``
    draws nothing.
    """
    if scale == 0:
        return view
    x = view.x
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    noise = noise * (scale * feature_std(view.graph))  # (N, F)
    if view.feature_mask is not None:
        noise = noise * view.feature_mask
    return view.with_features(x + noise)


@dataclass(frozen=True)
class AddNoise:
    """Add Gaussian noise to features; see ``add_noise``.

    Attributes:
        scale: standard deviation of the noise, in units of each dimension's.

    Raises:
        ConfigError: ``scale`` is negative or not finite.

    Example:
        >>> view = Graph(torch.eye(2), torch.tensor([[0, 1], [1, 0]])).view()
        >>> AddNoise(scale=0.1)(view, torch.Generator().manual_seed(0)).x.shape
        torch.Size([2, 2])
    """

    scale: float

    def __post_init__(self) -> None:
        number("AddNoise.scale", self.scale, least=0)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Add noise to the features of ``view``."""
        return add_noise(view, self.scale, generator)
