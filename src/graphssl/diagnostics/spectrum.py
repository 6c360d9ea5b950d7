"""Singular values from the smaller Gram matrix, in float64.

The Gram matrix squares the spectrum, so values below about ``sqrt(D * 2.2e-16)`` of the largest
(2e-7 for D = 256) are indistinguishable from rounding; they are set to 0. In float32 this floor
would be 5e-3, which is why the products are computed in float64.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from graphssl.errors import NotFiniteError

Spectrum = npt.NDArray[np.float64]  # singular values, descending

_ROWS = 8192  # rows converted to float64 at a time


class Spectra(NamedTuple):
    """Singular values of Z with and without the mean of every column subtracted.

    Attributes:
        centred: singular values of Z minus its column means.
        uncentred: singular values of Z.
    """

    centred: Spectrum
    uncentred: Spectrum


def singular_values(matrix: Tensor) -> Spectrum:
    """Compute the min(N, D) singular values of ``matrix`` (N, D), descending.

    Raises:
        NotFiniteError: the matrix has NaN or infinite values.

    Example:
        >>> singular_values(torch.diag(torch.tensor([1.0, 3.0]))).tolist()
        [3.0, 1.0]
    """
    matrix = matrix.detach().double()
    largest = matrix.abs().max().item()
    # Squares of a long product of weights would underflow; dividing by a power of two is exact.
    scale = 2.0 ** (math.frexp(largest)[1] - 1) if 0.0 < largest < math.inf else 1.0
    # (K, K) with K = min(N, D)
    gram = _gram((matrix if matrix.size(0) >= matrix.size(1) else matrix.T) / scale)
    eigenvalues = _eigenvalues(gram)
    return scale * _root(eigenvalues, eigenvalues[0])


def singular_spectra(z: Tensor) -> Spectra:
    """Compute both spectra of ``z`` (N, D), min(N, D) values each, from one Gram matrix if N >= D.

    ``Z^T Z = Zc^T Zc + N m m^T``, where m is the mean of the rows; this sum, unlike the difference,
    has no cancellation when all rows point the same way. Both spectra share the floor of the
    uncentred one.

    Raises:
        NotFiniteError: ``z`` has NaN or infinite values.
    """
    z = z.detach()
    num_nodes, num_dims = z.shape
    mean = z.mean(dim=0, dtype=torch.float64)  # (D,)
    if num_nodes >= num_dims:
        centred = _gram(z, mean)  # (D, D)
        uncentred = centred + num_nodes * torch.outer(mean, mean)
    else:
        rows = z.double()
        centred, uncentred = _gram((rows - mean).T), _gram(rows.T)  # (N, N)
    of_centred, of_uncentred = _eigenvalues(centred), _eigenvalues(uncentred)
    return Spectra(
        _root(of_centred, of_uncentred[0]),
        _root(of_uncentred, of_uncentred[0]),
    )


def _gram(matrix: Tensor, mean: Tensor | None = None) -> Tensor:
    """Compute ``M^T M`` in float64, (D, D), of the matrix (N, D) minus ``mean`` (D,)."""
    gram = matrix.new_zeros((matrix.size(1), matrix.size(1)), dtype=torch.float64)
    for rows in matrix.detach().split(_ROWS):
        exact = rows.double() if mean is None else rows.double() - mean
        gram.addmm_(exact.T, exact)
    return gram


def _eigenvalues(gram: Tensor) -> Spectrum:
    if not torch.isfinite(gram).all():
        raise NotFiniteError("the matrix has NaN or infinite values")
    ascending: Spectrum = torch.linalg.eigvalsh(gram).cpu().numpy()
    return ascending[::-1].clip(min=0.0)


def _root(eigenvalues: Spectrum, largest: float) -> Spectrum:
    floor = len(eigenvalues) * np.finfo(np.float64).eps * largest
    return np.sqrt(np.where(eigenvalues > floor, eigenvalues, 0.0))
