"""The floors of every comparison: an encoder that is not trained, and no encoder at all."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode_pair
from graphssl.encoders.features import Features
from graphssl.graph import GraphView


class Untrained(Objective):
    """Nothing to train: the encoder stays as it was drawn."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """A loss of zero, and the representation of each view."""
        h1, h2 = encode_pair(self.encoder, view1, view2)
        return StepOutput(h1.new_zeros(()), (h1, h2))

    def trainable_parameters(self) -> Iterator[nn.Parameter]:
        """None."""
        yield from ()


class Raw(Untrained):
    """The features as they are; the encoder named by the config is set aside."""

    sets_encoder_aside = True

    def __init__(self, encoder: nn.Module, in_channels: int) -> None:
        super().__init__(Features(in_channels))
