"""Logistic regression on all training sets and all values of C at once, in torch.

Shapes: T training sets of at most n rows, K values of C, C classes, D dimensions, R coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot, pad
from torch.nn.utils.rnn import pad_sequence

from graphssl.contracts import FloatArray, IntArray
from graphssl.probing.solvers.linear import LinearModels
from graphssl.probing.solvers.logistic import LogisticObjective
from graphssl.probing.solvers.path import minimize_along

# Training sets are solved together up to this many numbers in their rows or logits: few on a CPU,
# so that they stay in its cache (4 MiB in float32); on a GPU as many as fit, because launching a
# kernel costs more than its work. About six such tensors exist at a time (256 MiB each).
MAX_NUMBERS_ON_CPU = 2**20
MAX_NUMBERS_ON_GPU = 2**26


@torch.inference_mode()  # autograd's bookkeeping is a tenth of the time on tensors this small
def fit_batched(
    rows: FloatArray,
    y: IntArray,
    trains: Sequence[IntArray],
    C: FloatArray,
    num_classes: int,
    *,
    one_vs_rest: bool = False,
    device: str = "cpu",
    tolerance: float = 1e-5,
) -> LinearModels:
    """Fit the optimum of ``fit_multinomial`` or ``fit_one_vs_rest``, in the dtype of ``rows``.

    Args:
        rows: (N, D) float32 or float64.
        y: (N,), or with ``one_vs_rest`` also (N, C), 0 and 1 for each class.
        trains: row ids of each training set.
        C: (K,) inverse regularization strengths.
        num_classes: labels are 0..num_classes-1.
        one_vs_rest: whether to use liblinear's objective (penalised intercept) instead of the
            multinomial one.
        device: device to compute on.
        tolerance: largest predicted decrease at which to stop, relative to the objective.

    Returns:
        Models with weight (T, K, C, D) and bias (T, K, C).
    """
    on_cpu = torch.device(device).type == "cpu"
    most = MAX_NUMBERS_ON_CPU if on_cpu else MAX_NUMBERS_ON_GPU
    at_once = max(1, most // (max(map(len, trains)) * max(rows.shape[1], num_classes)))
    grid, place = np.unique(C, return_inverse=True)
    parts = []
    for start in range(0, len(trains), at_once):
        part = trains[start : start + at_once]
        ids = [torch.as_tensor(train) for train in part]
        # (T, n, D); labels (T, n) or (T, n, C)
        x = pad_sequence([torch.as_tensor(rows)[i] for i in ids], batch_first=True).to(device)
        labels = pad_sequence([torch.as_tensor(y)[i] for i in ids], True, num_classes).to(device)
        parts.append(_fit_together(x, labels, grid.tolist(), num_classes, one_vs_rest, tolerance))
    weight, bias = (torch.cat(p).numpy(force=True)[:, place] for p in zip(*parts, strict=True))
    return LinearModels(weight, bias, one_vs_rest)


def _fit_together(
    x: Tensor, y: Tensor, C: list[float], num_classes: int, one_vs_rest: bool, tolerance: float
) -> tuple[Tensor, Tensor]:
    """Fit weights (T, K, C, D) and biases (T, K, C) to rows (T, n, D) and labels.

    ``C`` is increasing. Labels are classes, (T, n), or 0 and 1 for each class, (T, n, C). The label
    ``num_classes`` marks rows beyond the end, which are zero.
    """
    several = y.ndim == 3
    real = ((y[..., 0] if several else y) < num_classes).to(x.dtype)[..., None]  # (T, n, 1)
    target = y * real if several else one_hot(y, num_classes + 1)[..., :num_classes]  # (T, n, C)
    size = real.sum(1, keepdim=True)  # (T, 1, 1)
    if one_vs_rest:
        mean = None
        coordinates, basis = _eigenbasis(torch.cat([x, real], 2))
        penalty = x.new_ones(coordinates.size(2))
    else:
        # Centring changes only the intercept, and makes it independent of the weights.
        mean = x.sum(1, keepdim=True) / size  # (T, 1, D)
        coordinates, basis = _eigenbasis((x - mean) * real)
        coordinates = torch.cat([coordinates, real], 2)  # (T, n, R)
        penalty = pad(x.new_ones(coordinates.size(2) - 1), (0, 1))
    objective = LogisticObjective(
        x=coordinates,
        target=target.mT.to(x.dtype).contiguous(),
        C=C[0],
        scatter=coordinates.square().sum(1, keepdim=True),
        penalty=penalty,
        padding=(x.size(1) - size) * num_classes * math.log(2),
        one_vs_rest=one_vs_rest,
    )
    # With two classes scikit-learn penalises the difference w of the two weight vectors by
    # |w|^2 / 2. The pair (-w/2, w/2) has half of that penalty, which half of C makes up for.
    halved = not one_vs_rest and num_classes == 2
    # (T, K, C, R)
    W = minimize_along(
        objective,
        [c / 2 for c in C] if halved else C,
        x.new_zeros(x.size(0), num_classes, coordinates.size(2)),
        tolerance,
    )
    if mean is None:
        # (T, K * C, R) @ (T, R, D + 1), the intercept's column last
        weight = (W.flatten(1, 2) @ basis.mT).unflatten(1, W.shape[1:3])
        return weight[..., :-1], weight[..., -1]
    # (T, K, C, D); the intercept undoes the centring
    weight = (W[..., :-1].flatten(1, 2) @ basis.mT).unflatten(1, W.shape[1:3])
    return weight, W[..., -1] - (weight * mean[:, None]).sum(3)


def _eigenbasis(x: Tensor) -> tuple[Tensor, Tensor]:
    """Compute coordinates (T, n, R), orthonormal basis (T, D, R) with ``x = coordinates basis^T``.

    The columns of the coordinates are orthogonal: the scatter matrix becomes diagonal. Computed
    from the smaller Gram matrix, R = min(n, D); directions without variance get a zero basis.
    """
    n, dims = x.shape[1:]
    if dims <= n:
        basis = torch.linalg.eigh(x.mT @ x).eigenvectors  # (T, D, D)
        return x @ basis, basis
    exact = x.double()  # short directions are divided by their lengths
    eigenvalues, vectors = torch.linalg.eigh(exact @ exact.mT)  # (T, n), (T, n, n)
    floor = eigenvalues[:, -1:] * n * torch.finfo(torch.float64).eps
    lengths = eigenvalues.clamp_min(0).sqrt()[:, None] * (eigenvalues > floor)[:, None]
    inverse = torch.where(lengths > 0, 1 / lengths, 0)
    return (vectors * lengths).to(x.dtype), (exact.mT @ (vectors * inverse)).to(x.dtype)
