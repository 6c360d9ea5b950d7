"""Hide feature dimensions, each for all nodes at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from graphssl.augmentation.probability import check_probability
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
    """``mask_features`` with ``p`` in [0, 1).

    Raises:
        ConfigError: ``p`` outside [0, 1).
    """

    p: float

    def __post_init__(self) -> None:
        check_probability("MaskFeatures.p", self.p)

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide feature dimensions of ``view``."""
        return mask_features(view, self.p, generator)
