"""Random masking of feature dimensions, the same for all nodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from graphssl.checks import number
from graphssl.graph import GraphView


def mask_features(view: GraphView, p: float, generator: torch.Generator) -> GraphView:
    """Hide each of the F feature dimensions with probability ``p`` (BGRL, arXiv 2102.06514).

    ``p = 0`` makes no mask and draws nothing.
    """
    if p == 0:
        return view
    device = view.graph.x.device
    uniforms = torch.rand(view.num_features, generator=generator, device=device)
    return view.keep_features(uniforms >= p)


@dataclass(frozen=True)
class MaskFeatures:
    """Mask random feature dimensions; see ``mask_features``.

    Attributes:
        p: probability of hiding a dimension, in [0, 1).

    Raises:
        ConfigError: ``p`` is outside [0, 1).

    Example:
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.ones(2, 4), torch.tensor([[0, 1], [1, 0]])).view()
        >>> MaskFeatures(p=0.5)(view, torch.Generator().manual_seed(0)).x.tolist()
        [[0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    """

    p: float

    def __post_init__(self) -> None:
        number("MaskFeatures.p", self.p, least=0, below=1)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide random feature dimensions of ``view``."""
        return mask_features(view, self.p, generator)
