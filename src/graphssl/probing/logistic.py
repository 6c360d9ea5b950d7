"""The objective of logistic regression for many training sets and values of C.

Shapes: T training sets of at most n rows, K values of C, C classes, R coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True, eq=False)
class LogisticObjective:
    """``C sum loss + |W|^2 / 2`` for every training set and C.

    Rows beyond the end of a shorter training set are zero, the intercept's column included, so that
    their logits stay zero and they add nothing but the constant in ``padding``.

    Attributes:
        x: (T, n, R), the intercept's column last where it is free.
        target: (T, C, n) one-hot labels, zero beyond the end.
        C: (1, K).
        scatter: (T, R), diagonal of ``x^T x``.
        penalty: (R,), one; zero for a free intercept.
        padding: (T, 1), loss of the rows beyond the end.
        one_vs_rest: sum of binary losses over classes, in place of the multinomial loss.
    """

    x: Tensor
    target: Tensor
    C: Tensor
    scatter: Tensor
    penalty: Tensor
    padding: Tensor
    one_vs_rest: bool

    def logits(self, W: Tensor) -> Tensor:
        """(T, K, C, R) -> (T, K, C, n)."""
        Z: Tensor = (W.flatten(1, 2) @ self.x.mT).unflatten(1, W.shape[1:3])
        return Z

    def value(self, W: Tensor, Z: Tensor) -> tuple[Tensor, Tensor]:
        """The objective, (T, K), and the probabilities (T, K, C, n) found on the way."""
        if self.one_vs_rest:
            p = torch.sigmoid(Z)
            partition = softplus(Z).sum(2)
        else:
            # logsumexp and softmax in one, with a single exponential.
            top = Z.amax(2, keepdim=True)
            weight = (Z - top).exp_()
            total = weight.sum(2, keepdim=True)
            p = weight / total
            partition = (total.log() + top)[:, :, 0]
        loss = (partition - (self.target[:, None] * Z).sum(2)).sum(2) - self.padding
        return self.C * loss + 0.5 * (self.penalty * W.square()).sum((2, 3)), p

    def gradient(self, W: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient and the inverse of ``C mean(p (1 - p)) x^T x + penalty``, diagonals.

        Overwrites ``p``.
        """
        C = self.C[..., None, None]
        curvature = p.mean(3, keepdim=True) - p.square().mean(3, keepdim=True)
        hessian = C * curvature * self.scatter[:, None, None] + self.penalty
        product = (p.sub_(self.target[:, None]).flatten(1, 2) @ self.x).unflatten(1, p.shape[1:3])
        inverse = 1 / hessian.clamp_min(torch.finfo(W.dtype).tiny)
        return torch.addcmul(self.penalty * W, C, product), inverse

    def columns(self, keep: Tensor) -> LogisticObjective:
        """The same for some values of C."""
        return replace(self, C=self.C[:, keep])
