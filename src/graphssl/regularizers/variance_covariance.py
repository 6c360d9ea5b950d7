"""VICReg's variance and covariance terms (Bardes et al. 2022, arXiv 2105.04906)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from graphssl.checks import number
from graphssl.contracts import Penalty, Regularizer, StepOutput


def variance_term(z: Tensor, gamma: float = 1.0, eps: float = 1e-4) -> Tensor:
    """Compute ``v(Z) = 1/D sum_j max(0, gamma - sqrt(var(z_j) + eps))``, eq. 1.

    Args:
        z: (N, D).
        gamma: standard deviation below which a dimension is penalised.
        eps: added to the variance, so that the gradient is finite where the variance is 0.

    Returns:
        Scalar in [0, gamma].

    Example:
        >>> round(variance_term(torch.ones(4, 2)).item(), 4)
        0.99
    """
    with _in_float32(z) as z:
        std = torch.sqrt(z.var(dim=0) + eps)  # (D,)
        return torch.relu(gamma - std).mean()


def covariance_term(z: Tensor) -> Tensor:
    """Compute ``c(Z) = 1/D sum_{i != j} C_ij^2`` with ``C = Zc^T Zc / (N - 1)``, eqs. 3 and 4.

    Args:
        z: Z, (N, D); Zc is Z minus the mean of every column.

    Returns:
        Scalar, 0 if all dimensions are uncorrelated.

    Example:
        >>> covariance_term(torch.tensor([[-1.0, -1.0], [1.0, 1.0]]))
        tensor(4.)
    """
    with _in_float32(z) as z:
        centred = z - z.mean(dim=0)
        covariance = centred.T @ centred / (z.size(0) - 1)  # (D, D)
        squared = covariance.square()
        return (squared.sum() - squared.diagonal().sum()) / z.size(1)


@contextmanager
def _in_float32(z: Tensor) -> Iterator[Tensor]:
    """Yield ``z`` in at least float32, with autocast off: encoders may return bfloat16."""
    with torch.autocast(z.device.type, enabled=False):
        yield z.to(torch.promote_types(z.dtype, torch.float32))


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
            variance = torch.stack([variance_term(z, self.gamma) for z in views]).sum()
            covariance = torch.stack([covariance_term(z) for z in views]).sum()
            total = self.alpha_variance * variance + self.alpha_covariance * covariance
        return Penalty(total, {"variance": variance.detach(), "covariance": covariance.detach()})
