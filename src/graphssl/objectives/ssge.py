"""SSGE: negative-free self-supervised Gaussian embedding (arXiv 2411.01157)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphssl.checks import number
from graphssl.objectives.siamese import Siamese, standardized


def correlation_roots(*views: Tensor) -> Tensor:
    """Compute the roots of the eigenvalues of ``C_v = Z_v^T Z_v / (R - 1)``, (V, D).

    Eigenvalues below 1e-8 are replaced by 1e-8, as in the authors' code, which keeps the gradient
    of the root finite.

    Args:
        views: V standardised matrices Z_v, (R, D).

    Example:
        >>> z = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> correlation_roots(standardized(z)).round(decimals=3).tolist()
        [[1.0, 1.0]]
    """
    rows = views[0].size(0)
    correlations = torch.stack([z.T @ z / (rows - 1) for z in views])  # (V, D, D)
    eigenvalues: Tensor = torch.linalg.eigvalsh(correlations)  # (V, D)
    return eigenvalues.clamp_min(1e-8).sqrt()


def ssge_loss(z1: Tensor, z2: Tensor, uniformity: float = 0.1) -> Tensor:
    """Compute ``-tr(Z1^T Z2) / R + lambda mean_v (-2 tr(C_v^{1/2}))``, Z_v standardised.

    ``C_v = Z_v^T Z_v / (R - 1)`` is the correlation matrix of view v. Up to the constant 2 D, the
    second term is the squared 2-Wasserstein distance between N(0, C_v) and N(0, I).

    Args:
        z1: embeddings of view 1, (R, D).
        z2: embeddings of view 2, (R, D).
        uniformity: lambda.

    Returns:
        Scalar, at least ``-D - 2 lambda D``.

    Example:
        >>> z = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> round(ssge_loss(z, z, uniformity=0.5).item(), 4)  # -2 (R - 1) / R - 2 * 0.5 * 2
        -3.5
    """
    z1, z2 = standardized(z1), standardized(z2)
    invariance = -(z1 * z2).sum() / z1.size(0)
    return invariance - uniformity * correlation_roots(z1, z2).sum()


class SSGE(Siamese):
    """Agreement of the views' standardised representations, close to an isotropic Gaussian.

    Args:
        encoder: the encoder, which is kept after training.
        uniformity: lambda, the weight of the Wasserstein term.

    Raises:
        ConfigError: ``uniformity`` is negative.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> SSGE(GCNConv(2, 4)).uniformity
        0.1
    """

    static_forward = False  # the eigenvalue solver synchronises with the host

    def __init__(self, encoder: nn.Module, uniformity: float = 0.1) -> None:
        super().__init__(encoder)
        number("objective.uniformity", uniformity, least=0)
        self.uniformity = uniformity

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Compute ``ssge_loss`` for two views."""
        return ssge_loss(z1, z2, self.uniformity)
