"""GraphSAGE's layer on a masked view, with the linear maps before the mean.

``W_1 x_i + W_2 mean_j x_j = W_1 x_i + mean_j (W_2 x_j)``, so that both maps are one product of the
features and the mean is over rows of the output's width.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch_geometric.nn import SAGEConv

from graphssl.encoders.fast.neighbours import neighbour_mean, neighbour_sum, supports_graph
from graphssl.graph import GraphView

__all__ = ["linear_map", "propagation", "supports_conv", "supports_graph"]

_AGGREGATIONS = {"mean": neighbour_mean, "sum": neighbour_sum, "add": neighbour_sum}


def supports_conv(conv: torch.nn.Module) -> bool:
    """Return whether ``conv`` is a GraphSAGE layer that the formula above describes."""
    return (
        type(conv) is SAGEConv
        and isinstance(conv.in_channels, int)
        and isinstance(conv.aggr, str)
        and conv.aggr in _AGGREGATIONS
        and not conv.project
        and conv.flow == "source_to_target"
    )


def linear_map(conv: SAGEConv) -> Tensor:
    """Return ``W_2`` above ``W_1`` (the root's, if the layer has one): (2 D or D, in)."""
    neighbours: Tensor = conv.lin_l.weight
    return torch.cat([neighbours, conv.lin_r.weight]) if conv.root_weight else neighbours


def propagation(view: GraphView) -> Callable[[SAGEConv, Tensor], Tensor]:
    """Make the part of a layer after its linear map: (conv, (N, 2 D or D)) -> (N, D)."""

    def propagate(conv: SAGEConv, h: Tensor) -> Tensor:
        neighbours, *root = h.split(conv.out_channels, dim=1)  # (N, D) each
        out = _AGGREGATIONS[conv.aggr](view) @ neighbours  # (N, N) @ (N, D)
        for own in root:  # one, or none without a root weight
            out = out.add_(own)
        if conv.lin_l.bias is not None:
            out = out.add_(conv.lin_l.bias)
        return torch.nn.functional.normalize(out, dim=-1) if conv.normalize else out

    return propagate
