"""Floors of every comparison: an untrained encoder, and the raw features."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode_pair
from graphssl.encoders.features import Features
from graphssl.graph import GraphView


class Untrained(Objective):
    """Keep an encoder's initial weights.

    Args:
        encoder: the encoder.

    Example:
        >>> list(Untrained(nn.Linear(2, 4)).trainable_parameters())
        []
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Return a loss of zero and the representation of each view."""
        h1, h2 = encode_pair(self.encoder, view1, view2)
        return StepOutput(h1.new_zeros(()), (h1, h2))

    def trainable_parameters(self) -> Iterator[nn.Parameter]:
        """Yield no parameters."""
        yield from ()


class Raw(Untrained):
    """Use the raw features; the encoder in the configuration is ignored.

    Args:
        encoder: not used.
        in_channels: F.

    Example:
        >>> Raw(nn.Linear(2, 4), in_channels=2).encoder.out_channels
        2
    """

    sets_encoder_aside = True

    def __init__(self, encoder: nn.Module, in_channels: int) -> None:
        super().__init__(Features(in_channels))
