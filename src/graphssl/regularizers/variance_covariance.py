"""VICReg's variance and covariance terms (Bardes et al. 2022, arXiv 2105.04906)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from graphssl.checks import number
from graphssl.contracts import Penalty, Regularizer, StepOutput
from graphssl.objectives.siamese import in_full_precision
from graphssl.objectives.vicreg import covariance_term, variance_term


class VarianceCovariance(Regularizer):
    """``sum_views alpha_variance * v(Z) + alpha_covariance * c(Z)`` on the representations.

    The paper weights its three terms 25 : 25 : 1 (invariance, variance, covariance); the defaults
    are these divided by 25, since here the objective is the invariance term. The paper applies them
    to the expander's output; on the representation they are the information-maximisation
    counterpart of a penalty on the weights. A lower value means less collapse.

    Args:
        alpha_variance: strength of the variance term.
        alpha_covariance: strength of the covariance term.
        gamma: standard deviation below which a dimension is penalised.

    Raises:
        ConfigError: a strength is negative or not finite, or gamma is not above 0.

    Example:
        >>> z = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
        >>> VarianceCovariance()({}, StepOutput(torch.tensor(0.0), (z,))).per_layer
        {'variance': tensor(0.), 'covariance': tensor(4.)}
    """

    def __init__(
        self, alpha_variance: float = 1.0, alpha_covariance: float = 0.04, gamma: float = 1.0
    ) -> None:
        number("alpha_variance", alpha_variance, least=0)
        number("alpha_covariance", alpha_covariance, least=0)
        number("gamma", gamma, above=0)
        self.alpha_variance, self.alpha_covariance = alpha_variance, alpha_covariance
        self.gamma = gamma

    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """Compute both terms, summed over the views; ``weights`` are not used."""
        views = output.representations
        active = self.alpha_variance > 0 or self.alpha_covariance > 0
        with torch.set_grad_enabled(torch.is_grad_enabled() and active):
            spread = partial(variance_term, gamma=self.gamma)
            variance = torch.stack([in_full_precision(spread, z) for z in views]).sum()
            covariance = torch.stack([in_full_precision(covariance_term, z) for z in views]).sum()
            total = self.alpha_variance * variance + self.alpha_covariance * covariance
        return Penalty(total, {"variance": variance.detach(), "covariance": covariance.detach()})
