"""The encoder that encodes nothing: features as they are, the floor of every comparison."""

from __future__ import annotations

from torch import Tensor, nn


class Features(nn.Module):
    """The identity, (N, F) -> (N, F)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.in_channels = self.out_channels = in_channels

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """``x``."""
        return x

    def reset_parameters(self) -> None:
        """There are none."""
