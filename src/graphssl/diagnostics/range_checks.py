"""Check that values stay in the range in which float32 results are meaningful."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graphssl.diagnostics.layers import layer_outputs
from graphssl.encoders.conv_stack import ConvStack
from graphssl.errors import NotFiniteError
from graphssl.graph import Graph

# The sum of squares of 1e8 such numbers is finite in float32; the square of its inverse is not 0.
LARGEST = 1e15
# In training, smaller features are swamped by the epsilon of norms (1e-5) and the steps of biases.
SMALLEST_TRAINED = 1e-4
# The published cosine losses replace smaller lengths by this one.
SHORTEST = 1e-8
# Relative difference of equal float32 values due to rounding, at most.
ROUNDING = 1e-6


def check_statistics(network: nn.Module) -> None:
    """Check that all buffers are finite: an infinite variance makes a layer output zeros.

    Raises:
        NotFiniteError: a buffer is not finite; the message names the first one.
    """
    for name, buffer in network.named_buffers():
        if buffer.is_floating_point() and not torch.isfinite(buffer).all():
            raise NotFiniteError(f"{name} has NaN or infinite values")


def check_outputs(outputs: Mapping[str, Tensor]) -> None:
    """Check that all values and their squares are finite.

    Dividing by a variance or length that has overflowed gives zeros, which look like rank 0 or 1.

    Args:
        outputs: name -> (N, D).

    Raises:
        NotFiniteError: a value or its square is not finite; the message names the first output.
    """
    for name, z in outputs.items():
        largest = z.detach().abs().amax().item()
        if not math.isfinite(largest):
            raise NotFiniteError(f"{name} has NaN or infinite values")
        if largest > LARGEST:
            raise NotFiniteError(
                f"{name} reaches {largest:.3g}; above {LARGEST:g} squares overflow in float32"
            )


def check_start(network: nn.Module, graph: Graph, trained: bool) -> None:
    """Check that the scale of the input lets the network start from a usable state.

    A representation that is the same for every node may be a result of training; before training it
    is a problem of the input.

    Args:
        network: the objective, with its running statistics filled.
        graph: the original graph.
        trained: whether training follows.

    Raises:
        NotFiniteError: input, statistics, layers or loss, or their squares, are not finite, or the
            representation has no variance.
    """
    for name, values in (("features", graph.x), ("edge weights", graph.edge_weight)):
        largest = 0.0 if values is None or not values.numel() else values.abs().max().item()
        if 0.0 < largest < 1.0 / LARGEST or LARGEST < largest < math.inf:
            raise NotFiniteError(f"squares of the {name} overflow or vanish in float32")
        if trained and values is graph.x and 0.0 < largest < SMALLEST_TRAINED:
            raise NotFiniteError(
                f"the features are below {SMALLEST_TRAINED:g}, too small to train on"
            )
    check_statistics(network)
    output, layers = layer_outputs(network, graph.view())
    places = layers | dict(zip(("representation",), output.representations, strict=False))
    check_outputs(places)
    if not torch.isfinite(output.loss):
        raise NotFiniteError(f"the loss is {output.loss.item()}")
    # Convolutions are checked before their norm, which would turn rounding errors into variance.
    in_line = "encoder.convs." if isinstance(network.encoder, ConvStack) else "representation"
    for name, z in places.items():
        if name.startswith((in_line, "representation")) and z.size(0) > 1 and _is_constant(z):
            raise NotFiniteError(f"{name} is the same for every node")
        if name == "representation" and trained and z.abs().max() < SHORTEST:
            raise NotFiniteError(
                f"the representation is shorter than {SHORTEST:g}, which the loss treats as 0"
            )


def size_range(values: Tensor) -> str:
    """Format the range of magnitudes of the nonzero ``values``, for a message."""
    sizes = values[values != 0].abs()
    return f"from {sizes.min():.3g} to {sizes.max():.3g}" if sizes.numel() else "all 0"


def _is_constant(z: Tensor) -> bool:
    """Return whether all rows of ``z`` (N, D) are equal up to rounding."""
    z = z.detach()
    lowest, highest = z.amin(dim=0), z.amax(dim=0)
    return bool((highest - lowest <= ROUNDING * torch.maximum(highest.abs(), lowest.abs())).all())
