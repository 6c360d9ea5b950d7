"""Operators for ``ConvStack`` that PyG does not make from (in_channels, out_channels) alone."""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.nn import GINConv


class MLPGINConv(GINConv):
    """GIN with the two-layer MLP of its paper, ``Linear -> BatchNorm -> ReLU -> Linear``.

    Xu et al. 2019, arXiv 1810.00826.
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
    """A layer that looks at no edge: with it a ``ConvStack`` is an MLP on the features."""

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:  # type: ignore[override]
        """(N, in) -> (N, out)."""
        return super().forward(x)
