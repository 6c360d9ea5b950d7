"""SSGE's distance from an isotropic Gaussian as a penalty (arXiv 2411.01157)."""

from __future__ import annotations

from torch import Tensor

from graphssl.objectives.siamese import standardized
from graphssl.objectives.ssge import correlation_roots
from graphssl.regularizers.output_penalty import OutputPenalty


def gaussian_distance(z: Tensor) -> Tensor:
    """Compute ``W_2^2(N(0, C), N(0, I)) = 2 D - 2 tr C^(1/2)``, C the correlation matrix of Z.

    Args:
        z: Z, (R, D).

    Returns:
        Scalar in [0, 2 D); 0 if no two dimensions are correlated.

    Example:
        >>> import torch
        >>> z = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> round(gaussian_distance(z).item(), 4), round(gaussian_distance(z[:, [0, 0]]).item(), 4)
        (0.0, 1.1714)
    """
    return 2 * (z.size(1) - correlation_roots(standardized(z)).sum())


class SSGE(OutputPenalty):
    """``alpha * mean_v (2 D - 2 tr C_v^(1/2))``, the uniformity term of ``objective=ssge``.

    Args:
        alpha, where: see ``OutputPenalty``.

    Raises:
        ConfigError: as ``OutputPenalty``.

    Example:
        >>> import torch
        >>> from graphssl.contracts import StepOutput
        >>> z = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
        >>> list(SSGE()({}, StepOutput(z.sum(), (z,))).per_layer)
        ['representation']
    """

    def value(self, z: Tensor) -> Tensor:
        """Compute ``gaussian_distance`` of one view."""
        return gaussian_distance(z)
