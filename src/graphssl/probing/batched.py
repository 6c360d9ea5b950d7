"""Logistic regression on all training sets and all values of C at once, in torch.

Shapes: T training sets of at most n rows, K values of C, C classes, D dimensions, R coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot, pad, softplus
from torch.nn.utils.rnn import pad_sequence

from graphssl.contracts import FloatArray, IntArray
from graphssl.probing.lbfgs import minimize
from graphssl.probing.linear import LinearModels

# Training sets are solved together up to this many numbers in their rows (512 MiB of float64).
MAX_NUMBERS = 2**26


@dataclass(frozen=True, eq=False)
class Objective:
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

    def value(self, W: Tensor, Z: Tensor) -> Tensor:
        """(T, K)."""
        partition = softplus(Z).sum(2) if self.one_vs_rest else torch.logsumexp(Z, 2)
        loss = (partition - (self.target[:, None] * Z).sum(2)).sum(2) - self.padding
        return self.C * loss + 0.5 * (self.penalty * W.square()).sum((2, 3))

    def gradient(self, W: Tensor, Z: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient and the inverse of ``C mean(p (1 - p)) x^T x + penalty``, diagonals."""
        p = torch.sigmoid(Z) if self.one_vs_rest else torch.softmax(Z, 2)
        C = self.C[..., None, None]
        curvature = (p - p.square()).mean(3, keepdim=True)
        hessian = C * curvature * self.scatter[:, None, None] + self.penalty
        product = (p.sub_(self.target[:, None]).flatten(1, 2) @ self.x).unflatten(1, p.shape[1:3])
        return torch.addcmul(self.penalty * W, C, product), 1 / hessian.clamp_min(
            torch.finfo(W.dtype).tiny
        )

    def columns(self, keep: Tensor) -> Objective:
        """The same for some values of C."""
        return replace(self, C=self.C[:, keep])


def fit_batched(
    rows: FloatArray,
    y: IntArray,
    trains: Sequence[IntArray],
    C: FloatArray,
    num_classes: int,
    *,
    one_vs_rest: bool = False,
    device: str = "cpu",
    tolerance: float = 1e-6,
) -> LinearModels:
    """The optimum that ``fit_multinomial`` (or ``fit_one_vs_rest``) approaches, in rows' precision.

    Args:
        rows: (N, D) float32 or float64.
        y: (N,).
        trains: row ids of each training set.
        C: (K,) inverse regularization strengths.
        num_classes: labels are 0..num_classes-1.
        one_vs_rest: liblinear's objective (penalised intercept) in place of the multinomial one.
        device: where to compute.
        tolerance: largest decrease still promised at the end, relative to the objective.
    """
    at_once = max(1, MAX_NUMBERS // (max(map(len, trains)) * rows.shape[1]))
    parts = []
    for start in range(0, len(trains), at_once):
        part = trains[start : start + at_once]
        ids = [torch.as_tensor(train) for train in part]
        x = pad_sequence([torch.as_tensor(rows)[i] for i in ids], batch_first=True).to(device)
        labels = pad_sequence([torch.as_tensor(y)[i] for i in ids], True, num_classes).to(device)
        parts.append(
            _fit_together(x, labels, torch.as_tensor(C), num_classes, one_vs_rest, tolerance)
        )
    weight, bias = (torch.cat(p).numpy(force=True) for p in zip(*parts, strict=True))
    return LinearModels(weight, bias, one_vs_rest)


def _fit_together(
    x: Tensor, y: Tensor, C: Tensor, num_classes: int, one_vs_rest: bool, tolerance: float
) -> tuple[Tensor, Tensor]:
    """Weights (T, K, C, D) and biases (T, K, C) from rows (T, n, D) and labels (T, n).

    The label ``num_classes`` marks rows beyond the end, which are zero.
    """
    real = (y < num_classes).to(x.dtype)[..., None]
    size = real.sum(1)  # (T, 1)
    if one_vs_rest:
        mean = None
        coordinates, basis = _eigenbasis(torch.cat([x, real], 2))
        penalty = x.new_ones(coordinates.size(2))
    else:
        # Centring changes the intercept alone, and makes it independent of the weights.
        mean = x.sum(1, keepdim=True) / size[..., None]
        coordinates, basis = _eigenbasis((x - mean) * real)
        coordinates = torch.cat([coordinates, real], 2)
        penalty = pad(x.new_ones(coordinates.size(2) - 1), (0, 1))
    padding = (x.size(1) - size) * (
        num_classes * math.log(2) if one_vs_rest else math.log(num_classes)
    )
    # With two classes scikit-learn penalises the difference w of the two weight vectors by
    # |w|^2 / 2. The pair (-w/2, w/2) has half of that penalty, which half of C makes up for.
    halved = not one_vs_rest and num_classes == 2
    objective = Objective(
        x=coordinates,
        target=one_hot(y, num_classes + 1)[..., :num_classes].mT.to(x.dtype).contiguous(),
        C=(C / 2 if halved else C).to(x)[None],
        scatter=coordinates.square().sum(1),
        penalty=penalty,
        padding=padding,
        one_vs_rest=one_vs_rest,
    )
    start = x.new_zeros(x.size(0), len(C), num_classes, coordinates.size(2))
    W = minimize(objective, start, tolerance)
    if mean is None:
        weight = (W.flatten(1, 2) @ basis.mT).unflatten(1, W.shape[1:3])
        return weight[..., :-1], weight[..., -1]
    weight = (W[..., :-1].flatten(1, 2) @ basis.mT).unflatten(1, W.shape[1:3])
    return weight, W[..., -1] - (weight * mean[:, None]).sum(3)


def _eigenbasis(x: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates (T, n, R) and orthonormal basis (T, D, R) with ``x = coordinates basis^T``.

    The columns of the coordinates are orthogonal: the scatter matrix becomes diagonal. Computed
    from the smaller Gram matrix, R = min(n, D); directions without variance get a zero basis.
    """
    exact = x.double()
    n, dims = x.shape[1:]
    if dims <= n:
        basis = torch.linalg.eigh(exact.mT @ exact).eigenvectors
        return (exact @ basis).to(x.dtype), basis.to(x.dtype)
    eigenvalues, vectors = torch.linalg.eigh(exact @ exact.mT)
    floor = eigenvalues[:, -1:] * n * torch.finfo(torch.float64).eps
    lengths = eigenvalues.clamp_min(0).sqrt()[:, None] * (eigenvalues > floor)[:, None]
    inverse = torch.where(lengths > 0, 1 / lengths, 0)
    return (vectors * lengths).to(x.dtype), (exact.mT @ (vectors * inverse)).to(x.dtype)
