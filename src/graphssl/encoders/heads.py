"""Heads on top of an encoder: the predictor of BGRL, the projector and predictor of BYOL."""

from __future__ import annotations

from torch import Tensor, nn

from graphssl.encoders.prelu import PReLU
from graphssl.errors import ConfigError


class MLPHead(nn.Sequential):
    """``Linear -> [BatchNorm] -> PReLU -> Linear``, (N, in) -> (N, out).

    BGRL's predictor has no normalisation (arXiv 2102.06514, official code); BYOL's heads have one
    (arXiv 2006.07733).

    Args:
        in_channels: width of what comes in.
        out_channels: width of what goes out.
        hidden_channels: width between the two layers.
        batch_norm: normalise the hidden layer.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden_channels: int = 512,
        batch_norm: bool = False,
    ) -> None:
        if hidden_channels < 1:
            raise ConfigError(
                f"hidden_channels of a head must be at least 1, got {hidden_channels}"
            )
        super().__init__(
            nn.Linear(in_channels, hidden_channels),
            *([nn.BatchNorm1d(hidden_channels)] if batch_norm else []),
            PReLU(),
            nn.Linear(hidden_channels, out_channels),
        )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        for layer in self:
            layer.reset_parameters()  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        """(N, in) -> (N, out)."""
        out: Tensor = super().forward(x)
        return out
