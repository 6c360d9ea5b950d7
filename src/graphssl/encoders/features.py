"""The identity encoder, which keeps the raw features, a floor of every comparison."""

from __future__ import annotations

from torch import Tensor, nn


class Features(nn.Module):
    """The identity, (N, F) -> (N, F).

    Args:
        in_channels: F, which equals D.

    Example:
        >>> Features(in_channels=5).out_channels
        5
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.in_channels = self.out_channels = in_channels

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """Return ``x``; edges are not used."""
        return x

    def reset_parameters(self) -> None:
        """Do nothing: there are no parameters."""
