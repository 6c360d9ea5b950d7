"""VICReg: variance, invariance and covariance (Bardes et al., arXiv 2105.04906)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from graphssl.checks import number
from graphssl.objectives.siamese import Siamese


def variance_term(z: Tensor, gamma: float = 1.0, eps: float = 1e-4) -> Tensor:
    """Compute ``v(Z) = 1/D sum_j max(0, gamma - sqrt(var(z_j) + eps))``, eq. 1.

    Args:
        z: (N, D).
        gamma: standard deviation below which a dimension is penalised.
        eps: keeps the gradient finite where the variance is 0.

    Returns:
        Scalar, from 0 to gamma.

    Example:
        >>> round(variance_term(torch.ones(4, 2)).item(), 4)
        0.99
    """
    std = torch.sqrt(z.var(dim=0) + eps)  # (D,)
    return torch.relu(gamma - std).mean()


def covariance_term(z: Tensor) -> Tensor:
    """Compute ``c(Z) = 1/D sum_{i != j} C_ij^2`` with ``C = Zc^T Zc / (N - 1)``, eqs. 3 and 4.

    Args:
        z: Z, (N, D); Zc is Z minus the mean of each column.

    Returns:
        Scalar; 0 if no two dimensions are correlated.

    Example:
        >>> covariance_term(torch.tensor([[-1.0, -1.0], [1.0, 1.0]]))
        tensor(4.)
    """
    centred = z - z.mean(dim=0)
    covariance = centred.T @ centred / (z.size(0) - 1)  # (D, D)
    squared = covariance.square()
    return (squared.sum() - squared.diagonal().sum()) / z.size(1)


def vicreg_loss(
    z1: Tensor,
    z2: Tensor,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
) -> Tensor:
    """Compute ``lambda s(Z1, Z2) + mu (v(Z1) + v(Z2)) + nu (c(Z1) + c(Z2))``, eq. 6.

    ``s`` is the mean squared difference per row and dimension, ``v`` and ``c`` are
    ``variance_term`` and ``covariance_term``. As in the paper's code, ``s`` and ``v`` are means
    over dimensions.

    Args:
        z1: embeddings of view 1, (R, D).
        z2: embeddings of view 2, (R, D).
        invariance: lambda.
        variance: mu.
        covariance: nu.

    Returns:
        Scalar; 0 at the minimum.

    Example:
        >>> z = torch.tensor([[-2.0], [2.0]])
        >>> vicreg_loss(z, z), vicreg_loss(z, -z)
        (tensor(0.), tensor(400.))
    """
    spread = variance_term(z1) + variance_term(z2)
    shared = covariance_term(z1) + covariance_term(z2)
    return invariance * mse_loss(z1, z2) + variance * spread + covariance * shared


class VICReg(Siamese):
    """Agreement of projections whose dimensions keep their variance and are decorrelated.

    Args:
        encoder: the encoder, which is kept after training.
        projector: factory of the projector (the paper's expander), called with in_channels (D)
            and out_channels.
        projection_channels: width of the projector's output; None for D.
        invariance: lambda.
        variance: mu.
        covariance: nu.

    Raises:
        ConfigError: a weight is negative.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> from graphssl.encoders import MLPHead
        >>> VICReg(GCNConv(2, 4), MLPHead, covariance=2.0).covariance
        2.0
    """

    def __init__(
        self,
        encoder: nn.Module,
        projector: Callable[..., nn.Module],
        projection_channels: int | None = None,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
    ) -> None:
        super().__init__(encoder, projector, projection_channels)
        for name, value in (
            ("invariance", invariance), ("variance", variance), ("covariance", covariance),
        ):  # fmt: skip
            number(f"objective.{name}", value, least=0)
        self.invariance, self.variance, self.covariance = invariance, variance, covariance

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Compute ``vicreg_loss`` for two views."""
        return vicreg_loss(z1, z2, self.invariance, self.variance, self.covariance)
