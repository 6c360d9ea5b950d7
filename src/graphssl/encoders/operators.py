"""Operators for ``ConvStack`` that PyG cannot build from (in_channels, out_channels) only."""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.nn import GINConv


class MLPGINConv(GINConv):
    """GIN with the two-layer MLP of its paper, ``Linear -> BatchNorm -> ReLU -> Linear``.

    Xu et al. 2019, arXiv 1810.00826.

    Args:
        in_channels: width of the input.
        out_channels: width of the hidden layer and of the output.
        train_eps: whether to learn the weight of a node's own features.

    Example:
        >>> MLPGINConv(5, 8).nn[0]
        Linear(in_features=5, out_features=8, bias=True)
    """

    def __init__(self, in_channels: int, out_channels: int, train_eps: bool = False) -> None:
        mlp = nn.Sequential(
            nn.Linear(in_channels, out_channels),
            nn.BatchNorm1d(out_channels),
            nn.ReLU(),
            nn.Linear(out_channels, out_channels),
        )
        super().__init__(mlp, train_eps=train_eps)


class NodeLinear(nn.Linear):
    """A linear layer that ignores the edges, with which a ``ConvStack`` is an MLP.

    Example:
        >>> import torch
        >>> NodeLinear(5, 8)(torch.ones(3, 5), torch.tensor([[0], [1]])).shape
        torch.Size([3, 8])
    """

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:  # type: ignore[override]
        """Apply the linear map: (N, in) -> (N, out)."""
        return super().forward(x)
