"""Soft decorrelation of dimensions, CCA-SSG's second term, as a penalty (arXiv 2106.12484)."""

from __future__ import annotations

from torch import Tensor

from graphssl.objectives.cca_ssg import decorrelation_term
from graphssl.objectives.siamese import standardized
from graphssl.regularizers.output_penalty import OutputPenalty


class Decorrelation(OutputPenalty):
    """``alpha * mean_v ||Z_v^T Z_v / R - I||_F^2`` of the standardised outputs (R, D).

    Args:
        alpha, where: see ``OutputPenalty``.

    Raises:
        ConfigError: as ``OutputPenalty``.

    Example:
        >>> import torch
        >>> from graphssl.contracts import StepOutput
        >>> z = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
        >>> Decorrelation(alpha=1.0)({}, StepOutput(z.sum(), (z,))).total  # (3 / 4 - 1)^2 twice
        tensor(0.1250)
    """

    def value(self, z: Tensor) -> Tensor:
        """Compute ``decorrelation_term`` of one standardised view."""
        return decorrelation_term(standardized(z))
