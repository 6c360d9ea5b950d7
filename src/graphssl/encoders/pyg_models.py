"""Use complete PyG models as encoders."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from graphssl.encoders.layer_widths import check_channels
from graphssl.errors import ConfigError


def pyg_model(
    model: Callable[..., nn.Module], in_channels: int, channels: Sequence[int]
) -> nn.Module:
    """Make a model of ``torch_geometric.nn`` (GCN, GIN, GraphSAGE, ...) with a recipe's widths.

    These have one hidden width and no norm or activation after the last layer.

    Args:
        model: factory called with in_channels, hidden_channels, num_layers and out_channels.
        in_channels: F.
        channels: width of every layer; the first one is the hidden width, the last one D.

    Raises:
        ConfigError: there is no layer, or hidden layers have several widths.

    Example:
        >>> from torch_geometric.nn import GraphSAGE
        >>> pyg_model(GraphSAGE, 5, [8, 4])
        GraphSAGE(5, 4, num_layers=2)
    """
    check_channels(channels)
    if len(set(channels[:-1])) > 1:
        raise ConfigError(
            f"encoder.channels: PyG's models have one hidden width, got {list(channels)}"
        )
    return model(
        in_channels=in_channels,
        hidden_channels=channels[0],
        num_layers=len(channels),
        out_channels=channels[-1],
    )
