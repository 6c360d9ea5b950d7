"""Heads on top of an encoder: the predictor of BGRL, the projector and predictor of BYOL."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from graphssl.checks import whole_number
from graphssl.encoders.prelu import PReLU


class MLPHead(nn.Sequential):
    """``Linear -> [BatchNorm] -> act -> Linear``, (N, in) -> (N, out).

    BGRL's predictor has no normalisation (arXiv 2102.06514, official code); BYOL's heads have one
    (arXiv 2006.07733); GRACE's projector has an ELU (arXiv 2006.04131).

    Args:
        in_channels: width of the input.
        out_channels: width of the output.
        hidden_channels: width of the hidden layer.
        batch_norm: whether to normalise the hidden layer.
        act: factory of the activation of the hidden layer.

    Raises:
        ConfigError: ``hidden_channels`` is below 1.

    Example:
        >>> MLPHead(8, 4, hidden_channels=16, batch_norm=True)
        MLPHead(
          (0): Linear(in_features=8, out_features=16, bias=True)
          (1): BatchNorm1d(16, ...)
          (2): PReLU(num_parameters=1)
          (3): Linear(in_features=16, out_features=4, bias=True)
        )
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden_channels: int = 512,
        batch_norm: bool = False,
        act: Callable[[], nn.Module] = PReLU,
    ) -> None:
        whole_number("hidden_channels of a head", hidden_channels, least=1)
        super().__init__(
            nn.Linear(in_channels, hidden_channels),
            *([nn.BatchNorm1d(hidden_channels)] if batch_norm else []),
            act(),
            nn.Linear(hidden_channels, out_channels),
        )

    def reset_parameters(self) -> None:
        """Reinitialise all weights."""
        for layer in self:
            if reset := getattr(layer, "reset_parameters", None):
                reset()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the head: (N, in) -> (N, out)."""
        out: Tensor = super().forward(x)
        return out
