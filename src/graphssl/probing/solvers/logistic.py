"""Objective of logistic regression for many training sets.

Shapes: T training sets of at most n rows, C classes, R coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, softplus


@dataclass(frozen=True, eq=False)
class LogisticObjective:
    """The objective ``C sum loss + |W|^2 / 2`` of every training set.

    Rows beyond the end of a shorter training set are zero, including the intercept's column and the
    target, so that they only add the constant in ``padding``.

    Attributes:
        x: (T, n, R), with the intercept's column last if it is free.
        target: (T, C, n) one-hot labels, zero beyond the end.
        C: inverse regularization strength.
        scatter: (T, 1, R), diagonal of ``x^T x``.
        penalty: (R,), ones; zero for a free intercept.
        padding: (T, 1, 1), binary losses of the rows beyond the end.
        one_vs_rest: whether the loss is a sum of binary losses over classes, not multinomial.
    """

    x: Tensor
    target: Tensor
    C: float
    scatter: Tensor
    penalty: Tensor
    padding: Tensor
    one_vs_rest: bool

    def logits(self, W: Tensor) -> Tensor:
        """Compute the logits of all rows: (T, C, R) -> (T, C, n)."""
        return W @ self.x.mT

    def value(self, W: Tensor, Z: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the objective, (T, 1, 1), and the probabilities, (T, C, n), from logits ``Z``."""
        if self.one_vs_rest:
            p = torch.sigmoid(Z)
            loss = (softplus(Z) - self.target * Z).sum((1, 2), keepdim=True) - self.padding
        else:
            log_p = log_softmax(Z, 1)
            loss = -(self.target * log_p).sum((1, 2), keepdim=True)
            p = log_p.exp()
        return self.C * loss + 0.5 * (self.penalty * W.square()).sum((1, 2), keepdim=True), p

    def gradient(self, W: Tensor, p: Tensor) -> Tensor:
        """Compute the gradient, (T, C, R), at the probabilities ``p``."""
        return torch.add(self.penalty * W, (p - self.target) @ self.x, alpha=self.C)

    def hessian_diagonal(self, p: Tensor) -> Tensor:
        """Approximate the Hessian's diagonal, (T, C, R), by the mean of ``p (1 - p)`` over rows."""
        # (T, C, 1), times scatter (T, 1, R)
        curvature = (p - p.square()).mean(2, keepdim=True).clamp_min(torch.finfo(p.dtype).eps)
        return torch.addcmul(self.penalty, curvature, self.scatter, value=self.C)

    def hessian_product(self, p: Tensor, V: Tensor, Z_V: Tensor) -> Tensor:
        """Multiply the Hessian at probabilities ``p`` by V, (T, C, R), whose logits are ``Z_V``."""
        change = p * Z_V  # (T, C, n)
        mean = change if self.one_vs_rest else change.sum(1, keepdim=True)
        return torch.add(
            self.penalty * V, torch.addcmul(change, p, mean, value=-1) @ self.x, alpha=self.C
        )

    def of_sets(self, sets: Tensor) -> LogisticObjective:
        """Select some of the training sets, given by their indices."""
        x, target, scatter, padding = (
            v[sets] for v in (self.x, self.target, self.scatter, self.padding)
        )
        return replace(self, x=x, target=target, scatter=scatter, padding=padding)
