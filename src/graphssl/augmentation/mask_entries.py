"""Random masking of single entries of the feature matrix."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from graphssl.checks import number
from graphssl.graph import GraphView


def mask_entries(view: GraphView, p: float, generator: torch.Generator) -> GraphView:
    """Hide each of the N x F entries with probability ``p``, independently of all others.

    ``p = 0`` makes no mask and draws nothing.
    """
    if p == 0:
        return view
    shape = (view.num_nodes, view.num_features)
    uniforms = torch.rand(shape, generator=generator, device=view.graph.x.device)
    return view.keep_features(uniforms >= p)


@dataclass(frozen=True)
class MaskEntries:
    """Mask random entries of the features; see ``mask_entries``.

    Attributes:
        p: probability of hiding an entry, in [0, 1).

    Raises:
        ConfigError: ``p`` is outside [0, 1).

    Example:
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.ones(2, 4), torch.tensor([[0, 1], [1, 0]])).view()
        >>> MaskEntries(p=0.5)(view, torch.Generator().manual_seed(0)).feature_mask.shape
        torch.Size([2, 4])
    """

    p: float

    def __post_init__(self) -> None:
        number("MaskEntries.p", self.p, least=0, below=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide random entries of the features of ``view``."""
        return mask_entries(view, self.p, generator)
