"""G-BT: Graph Barlow Twins (Bielak et al., arXiv 2106.02466)."""

from __future__ import annotations

from torch import Tensor, nn

from graphssl.checks import number
from graphssl.objectives.siamese import Siamese, standardized


def barlow_twins_loss(z1: Tensor, z2: Tensor, redundancy: float | None = None) -> Tensor:
    """Compute ``sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2``, C the cross-correlation.

    ``C = Z1^T Z2 / R`` of standardised embeddings (Zbontar et al., arXiv 2103.03230).

    Args:
        z1: embeddings of view 1, (R, D).
        z2: embeddings of view 2, (R, D).
        redundancy: lambda; None for 1 / D, as in G-BT.

    Returns:
        Scalar; about 0 at the minimum.

    Example:
        >>> import torch
        >>> z = torch.tensor([[-1.0], [1.0]])
        >>> round(barlow_twins_loss(z, z).item(), 4)  # C = (R - 1) / R
        0.25
    """
    correlation = standardized(z1).T @ standardized(z2) / z1.size(0)  # (D, D)
    diagonal = correlation.diagonal()
    if redundancy is None:
        redundancy = 1 / z1.size(1)
    others = correlation.square().sum() - diagonal.square().sum()
    return (1 - diagonal).square().sum() + redundancy * others


class GBT(Siamese):
    """Distance between the cross-correlation of both views and the identity; no projector.

    Args:
        encoder: the encoder, which is kept after training.
        redundancy: lambda, the weight of the off-diagonal entries; None for 1 / D.

    Raises:
        ConfigError: ``redundancy`` is negative.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> GBT(GCNConv(2, 4)).redundancy is None
        True
    """

    def __init__(self, encoder: nn.Module, redundancy: float | None = None) -> None:
        super().__init__(encoder)
        if redundancy is not None:
            number("objective.redundancy", redundancy, least=0)
        self.redundancy = redundancy

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Compute ``barlow_twins_loss`` for two views."""
        return barlow_twins_loss(z1, z2, self.redundancy)
