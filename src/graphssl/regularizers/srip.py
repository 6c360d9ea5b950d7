"""Spectral restricted isometry (Bansal et al. 2018, arXiv 1810.09102, section 3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from graphssl.checks import whole_number
from graphssl.regularizers.weight_penalty import WeightPenalty


def srip_penalty(weight: Tensor, iterations: int = 2) -> Tensor:
    """Compute ``sigma(S - I)``, the largest ``|eigenvalue|`` of the smaller Gram matrix S minus I.

    Power iteration, ``v <- (S - I) v / ||(S - I) v||``, then ``sigma = ||(S - I) v||`` with v held
    fixed under autograd, which gives the exact gradient once v has converged. S is never formed:
    each step takes two matrix-vector products. The larger Gram matrix would add eigenvalues of -1
    that no weight can change, so the smaller one is used. Few iterations give a lower bound.

    Args:
        weight: (out, in).
        iterations: number of power iterations; 2 in the paper.

    Returns:
        Scalar; both it and its gradient are 0 for a semi-orthogonal weight.

    Example:
        >>> round(srip_penalty(2 * torch.eye(3)).item(), 4)
        3.0
    """
    short = weight if weight.size(0) <= weight.size(1) else weight.T  # (m, max(out, in))

    def apply_error(vector: Tensor) -> Tensor:
        return short @ (short.T @ vector) - vector  # (m,) -> (max(out, in),) -> (m,)

    vector = _start(short.size(0), weight.dtype, weight.device)
    with torch.no_grad():
        for _ in range(iterations):
            vector = torch.nn.functional.normalize(apply_error(vector), dim=0, eps=1e-30)
    sigma: Tensor = torch.linalg.vector_norm(apply_error(vector))
    return sigma


@lru_cache(maxsize=64)
def _start(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the same random unit vector (size,) each time, which makes the penalty a function."""
    vector = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.nn.functional.normalize(vector, dim=0).to(device, dtype)


@dataclass(eq=False)
class SRIP(WeightPenalty):
    """``sum_l alpha_l * sigma(S_l - I)``, added to the loss.

    Args:
        iterations: number of power iterations, at least 1.
        alpha, layers, heads, schedule, schedule_steps, apply: see ``WeightPenalty``.

    Raises:
        ConfigError: ``iterations`` is below 1; others as in ``WeightPenalty``.

    Example:
        >>> SRIP(alpha=1.0).penalty([torch.eye(3)]).total
        tensor(0.)
    """

    iterations: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("iterations", self.iterations, least=1)

    def value(self, weight: Tensor) -> Tensor:
        """Compute ``sigma(S - I)`` of one matrix (out, in)."""
        return srip_penalty(weight, self.iterations)

    def floor(self, weight: Tensor) -> float:
        """Return 0: the smaller Gram matrix can be the identity for every shape."""
        return 0.0
