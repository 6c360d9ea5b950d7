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
        scatter: (T, R), diagonal of ``x^T x``.
        penalty: (R,), one; zero for a free intercept.
        padding: (T,), binary losses of the rows beyond the end.
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
        """The objective, (T,), and the probabilities (T, C, n) found on the way."""
        if self.one_vs_rest:
            p = torch.sigmoid(Z)
            loss = (softplus(Z) - self.target * Z).sum((1, 2)) - self.padding
        else:
            log_p = log_softmax(Z, 1)
            loss = -(self.target * log_p).sum((1, 2))
            p = log_p.exp()
        return self.C * loss + 0.5 * (self.penalty * W.square()).sum((1, 2)), p

    def gradient(self, W: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient and the inverse of ``C mean(p (1 - p)) x^T x + penalty``, diagonals.

        Overwrites ``p``.
        """
        curvature = (p - p.square()).mean(2, keepdim=True)
        hessian = torch.addcmul(self.penalty, curvature, self.scatter[:, None], value=self.C)
        inverse = hessian.clamp_min(torch.finfo(W.dtype).tiny).reciprocal()
        loss_gradient = p.sub_(self.target) @ self.x
        return torch.add(self.penalty * W, loss_gradient, alpha=self.C), inverse

    def of_sets(self, sets: Tensor) -> LogisticObjective:
        """The same for some of the training sets, given by their numbers."""
        x, target, scatter, padding = (
            v[sets] for v in (self.x, self.target, self.scatter, self.padding)
        )
        return replace(self, x=x, target=target, scatter=scatter, padding=padding)
