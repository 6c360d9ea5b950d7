"""GIN's layer on a masked view, with the first linear map of its MLP before the sum.

``W ((1 + eps) x_i + sum_j x_j) = (1 + eps) W x_i + sum_j W x_j``: the sum is over rows of the width
of the MLP's hidden layer.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from graphssl.encoders.fast.neighbours import neighbour_sum, supports_graph
from graphssl.encoders.operators import MLPGINConv
from graphssl.graph import GraphView

__all__ = ["linear_map", "propagation", "supports_conv", "supports_graph"]


def supports_conv(conv: torch.nn.Module) -> bool:
    """Return whether ``conv`` is a GIN layer with the MLP of its paper."""
    return type(conv) is MLPGINConv


def linear_map(conv: MLPGINConv) -> Tensor:
    """Return the weight of the MLP's first linear map, (D, in)."""
    weight: Tensor = conv.nn[0].weight
    return weight


def propagation(view: GraphView) -> Callable[[MLPGINConv, Tensor], Tensor]:
    """Make the part of a layer after this map: (conv, (N, D)) -> (N, D)."""

    def propagate(conv: MLPGINConv, h: Tensor) -> Tensor:
        first, *others = conv.nn
        h = torch.addcmul(neighbour_sum(view) @ h, h, 1 + conv.eps) + first.bias  # (N, D)
        for module in others:
            h = module(h)
        return h

    return propagate
