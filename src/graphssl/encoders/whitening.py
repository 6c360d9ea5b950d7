"""Normalisation that decorrelates: iterative whitening of groups of dimensions."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphssl.checks import number, whole_number
from graphssl.errors import ConfigError


def inverse_root(covariance: Tensor, iterations: int = 5) -> Tensor:
    """Approximate ``C^(-1/2)`` by Newton's iteration (Huang et al., arXiv 1904.03441, algorithm 1).

    ``P_0 = I``, ``P_k = (3 P_{k-1} - P_{k-1}^3 C / tr C) / 2``; the result is ``P_T / sqrt(tr C)``.
    Directions of large variance converge first, so that few iterations whiten them and leave
    directions of little variance, which are mostly noise, small.

    Args:
        covariance: symmetric and positive definite, (..., D, D).
        iterations: T.

    Returns:
        (..., D, D), symmetric.

    Example:
        >>> inverse_root(torch.diag(torch.tensor([4.0, 1.0])), iterations=20).diagonal()
        tensor([0.5000, 1.0000])
    """
    trace = covariance.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]  # (..., 1, 1)
    scaled = covariance / trace
    identity = torch.eye(covariance.size(-1), dtype=covariance.dtype, device=covariance.device)
    # P and C P side by side: the same iterates, but rounding errors do not grow.
    root, product = identity.expand_as(covariance), scaled
    for _ in range(iterations):
        step = 1.5 * identity - 0.5 * (root @ product)  # (3 I - P^2 C) / 2
        root, product = step @ root, product @ step
    return root / trace.sqrt()


class IterativeWhitening(nn.Module):
    """Whiten the columns of (N, D) in groups, ``z = (x - mean) C^(-1/2)``, then scale and shift.

    C is the covariance of a group's columns, plus ``eps`` on its diagonal. With one group this is
    IterNorm (Huang et al., arXiv 1904.03441); with several, only columns of one group are
    decorrelated, as in group whitening (GWGCL, PMLR 222:1622-1637). As in ``BatchNorm1d``, training
    uses the statistics of the batch and evaluation running ones; here these are mean and
    covariance, where the authors' code averages ``C^(-1/2)``, so that with a momentum of 1
    evaluation and training agree.

    Args:
        width: D.
        groups: number of groups of successive columns.
        iterations: Newton iterations; 5 in the paper.
        momentum: share of the batch in the running statistics, in (0, 1].
        eps: added to every variance.

    Raises:
        ConfigError: ``groups`` does not divide ``width``, or an argument is out of range.

    Example:
        >>> x = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
        >>> z = IterativeWhitening(4, iterations=20)(x @ x[:4])
        >>> torch.allclose(z.T @ z / 100, torch.eye(4), atol=1e-2)
        True
    """

    def __init__(
        self,
        width: int,
        groups: int = 1,
        iterations: int = 5,
        momentum: float = 0.99,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        whole_number("norm.groups", groups, least=1)
        whole_number("norm.iterations", iterations, least=1)
        number("norm.momentum", momentum, above=0, most=1)
        number("norm.eps", eps, above=0)
        if width % groups:
            raise ConfigError(f"norm.groups={groups} does not divide a layer's width, {width}")
        self.groups, self.iterations, self.momentum, self.eps = groups, iterations, momentum, eps
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        size = width // groups
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_covariance", torch.eye(size).repeat(groups, 1, 1))
        self.running_mean: Tensor
        self.running_covariance: Tensor

    @property
    def running_var(self) -> Tensor:
        """Running variance of every column, (D,); all 1 before the first batch."""
        return self.running_covariance.diagonal(dim1=1, dim2=2).flatten()

    def reset_parameters(self) -> None:
        """Reinitialise scale and shift, and forget all statistics."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)
        self.running_mean.zero_()
        size = self.running_covariance.size(-1)
        self.running_covariance.copy_(torch.eye(size, device=self.weight.device))

    def forward(self, x: Tensor) -> Tensor:
        """Whiten: (N, D) -> (N, D)."""
        with torch.autocast(x.device.type, enabled=False):
            whitened = self._whitened(x.to(self.weight.dtype))
        return whitened.to(x.dtype)

    def _whitened(self, x: Tensor) -> Tensor:
        if self.training:
            mean = x.mean(0)  # (D,)
            grouped = self._grouped(x - mean)  # (G, N, D / G)
            covariance = grouped.mT @ grouped / x.size(0)  # (G, D / G, D / G)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
                self.running_covariance.lerp_(covariance, self.momentum)
        else:
            grouped, covariance = self._grouped(x - self.running_mean), self.running_covariance
        identity = torch.eye(covariance.size(-1), dtype=x.dtype, device=x.device)
        root = inverse_root(covariance + self.eps * identity, self.iterations)
        z: Tensor = (grouped @ root).movedim(0, 1).flatten(1)  # (N, D)
        return z * self.weight + self.bias

    def _grouped(self, x: Tensor) -> Tensor:
        """Split columns: (N, D) -> (G, N, D / G)."""
        return x.view(x.size(0), self.groups, -1).movedim(1, 0)
