"""The objective of logistic regression for many training sets.

Shapes: T training sets of at most n rows, C classes, R coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, softplus


@dataclass(frozen=True, eq=False)
class LogisticObjective:
    """``C sum loss + |W|^2 / 2`` for every training set.

    Rows beyond the end of a shorter training set are zero, the intercept's column and the target
    included, so that they add nothing but the constant in ``padding``.

    Attributes:
        x: (T, n, R), the intercept's column last where it is free.
        target: (T, C, n) one-hot labels, zero beyond the end.
        C: inverse regularization strength.
        scatter: (T, 1, R), diagonal of ``x^T x``.
        penalty: (R,), one; zero for a free intercept.
        padding: (T, 1, 1), binary losses of the rows beyond the end.
        one_vs_rest: sum of binary losses over classes, in place of the multinomial loss.
    """

    x: Tensor
    target: Tensor
    C: float
    scatter: Tensor
    penalty: Tensor
    padding: Tensor
    one_vs_rest: bool

    def logits(self, W: Tensor) -> Tensor:
        """(T, C, R) -> (T, C, n)."""
        return W @ self.x.mT

    def value(self, W: Tensor, Z: Tensor) -> tuple[Tensor, Tensor]:
        """The objective, (T, 1, 1), and the probabilities (T, C, n) found on the way."""
        if self.one_vs_rest:
            p = torch.sigmoid(Z)
            loss = (softplus(Z) - self.target * Z).sum((1, 2), keepdim=True) - self.padding
        else:
            log_p = log_softmax(Z, 1)
            loss = -(self.target * log_p).sum((1, 2), keepdim=True)
            p = log_p.exp()
        return self.C * loss + 0.5 * (self.penalty * W.square()).sum((1, 2), keepdim=True), p

    def gradient(self, W: Tensor, p: Tensor) -> Tensor:
        """(T, C, R)."""
        return torch.add(self.penalty * W, (p - self.target) @ self.x, alpha=self.C)

    def hessian_diagonal(self, p: Tensor) -> Tensor:
        """(T, C, R), with the mean over rows of ``p (1 - p)`` for each row's own."""
        curvature = (p - p.square()).mean(2, keepdim=True).clamp_min(torch.finfo(p.dtype).eps)
        return torch.addcmul(self.penalty, curvature, self.scatter, value=self.C)

    def hessian_product(self, p: Tensor, V: Tensor, Z_V: Tensor) -> Tensor:
        """The Hessian at the probabilities ``p`` times V, (T, C, R), whose logits are ``Z_V``."""
        change = p * Z_V
        mean = change if self.one_vs_rest else change.sum(1, keepdim=True)
        return torch.add(
            self.penalty * V, torch.addcmul(change, p, mean, value=-1) @ self.x, alpha=self.C
        )

    def of_sets(self, sets: Tensor) -> LogisticObjective:
        """The same for some of the training sets, given by their numbers."""
        x, target, scatter, padding = (
            v[sets] for v in (self.x, self.target, self.scatter, self.padding)
        )
        return replace(self, x=x, target=target, scatter=scatter, padding=padding)
