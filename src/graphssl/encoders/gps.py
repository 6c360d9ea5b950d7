"""GPS: layers of message passing in parallel with attention over all nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch_geometric.nn import GPSConv

from graphssl.checks import whole_number
from graphssl.encoders.layer_widths import check_channels
from graphssl.errors import ConfigError


class GPS(nn.Module):
    """A linear map to the width of the layers, then layers of PyG's ``GPSConv``.

    ``h_0 = W x``; every layer adds the normalised output of its operator to that of attention over
    all nodes, and passes the sum through an MLP (Rampasek et al., arXiv 2205.12454). There are no
    positional encodings; transforms can add them to the features. Attention over all nodes takes
    O(N^2) memory with ``attn_type=multihead`` and O(N) with ``performer``.

    Args:
        in_channels: F.
        channels: width of every layer, all equal; D is that width.
        conv: factory of the layers' operators, called with (in_channels, out_channels).
        heads: number of attention heads, which must divide the width.
        dropout: dropout probability of the attention and of both branches.
        attn_type: ``multihead`` or ``performer``.

    Raises:
        ConfigError: there is no layer, or widths differ or are not divisible by the heads.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> GPS(5, [8, 8], GCNConv, heads=2).out_channels
        8
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        conv: Callable[..., nn.Module],
        heads: int = 4,
        dropout: float = 0.0,
        attn_type: str = "multihead",
    ) -> None:
        super().__init__()
        check_channels(channels)
        whole_number("encoder.heads", heads, least=1)
        if len(set(channels)) != 1 or channels[0] % heads:
            raise ConfigError(
                f"encoder.channels: GPS needs layers of one width that heads={heads} divides, got "
                f"{list(channels)}; e.g. encoder.channels=[128,128]"
            )
        width = channels[0]
        self.in_channels, self.out_channels = in_channels, width
        self.lin = nn.Linear(in_channels, width)
        self.layers = nn.ModuleList(
            GPSConv(width, conv(width, width), heads, dropout, attn_type=attn_type)
            for _ in channels
        )

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """Encode every node: (N, F) -> (N, D)."""
        h: Tensor = self.lin(x)  # (N, D)
        for layer in self.layers:
            h = layer(h, edge_index, edge_weight=edge_weight)
        return h

    def reset_parameters(self) -> None:
        """Reinitialise all weights."""
        self.lin.reset_parameters()
        for layer in self.layers:
            for part in layer.modules():  # torch's attention leaves its output map as it is
                if isinstance(part, nn.MultiheadAttention):
                    part.out_proj.reset_parameters()
            layer.reset_parameters()  # type: ignore[operator]
