"""CCA-SSG: from canonical correlation analysis to SSL (Zhang et al., arXiv 2106.12484)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphssl.checks import number
from graphssl.objectives.siamese import Siamese, standardized


def decorrelation_term(z: Tensor) -> Tensor:
    """Compute ``||Z^T Z / R - I||_F^2``.

    Args:
        z: Z, standardised, (R, D).

    Returns:
        Scalar, at least 0.

    Example:
        >>> decorrelation_term(torch.tensor([[-1.0, -1.0], [1.0, 1.0]]))
        tensor(2.)
    """
    identity = torch.eye(z.size(1), dtype=z.dtype, device=z.device)
    return (z.T @ z / z.size(0) - identity).square().sum()


def cca_ssg_loss(z1: Tensor, z2: Tensor, decorrelation: float = 1e-3) -> Tensor:
    """Compute ``-tr(Z1^T Z2) / R + lambda sum_v ||Z_v^T Z_v / R - I||_F^2``, Z_v standardised.

    Args:
        z1: embeddings of view 1, (R, D).
        z2: embeddings of view 2, (R, D).
        decorrelation: lambda.

    Returns:
        Scalar; about -D if the views agree and no two dimensions are correlated.

    Example:
        >>> z = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> round(cca_ssg_loss(z, z, decorrelation=0.0).item(), 4)  # -2 (R - 1) / R
        -1.5
    """
    z1, z2 = standardized(z1), standardized(z2)
    invariance = -(z1 * z2).sum() / z1.size(0)
    return invariance + decorrelation * (decorrelation_term(z1) + decorrelation_term(z2))


class CCASSG(Siamese):
    """Agreement of the views' standardised representations, with decorrelated dimensions.

    Args:
        encoder: the encoder, which is kept after training.
        decorrelation: lambda, the weight of the decorrelation term.

    Raises:
        ConfigError: ``decorrelation`` is negative.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> CCASSG(GCNConv(2, 4), decorrelation=5e-4).decorrelation
        0.0005
    """

    def __init__(self, encoder: nn.Module, decorrelation: float = 1e-3) -> None:
        super().__init__(encoder)
        number("objective.decorrelation", decorrelation, least=0)
        self.decorrelation = decorrelation

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Compute ``cca_ssg_loss`` for two views."""
        return cca_ssg_loss(z1, z2, self.decorrelation)
