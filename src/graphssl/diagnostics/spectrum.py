"""Singular values through the smaller Gram matrix, in float64.

The Gram matrix squares the spectrum, so values below about ``sqrt(D * 2.2e-16)`` of the largest
(2e-7 at D = 256) cannot be told from rounding; they are given as 0. In float32 that floor would
stand at 5e-3, which is why the products are taken in float64.
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

_ROWS = 8192  # rows turned to float64 at a time


class Spectra(NamedTuple):
    """Singular values of Z with the mean of every column taken off, and of Z as it is."""

    centred: Spectrum
    uncentred: Spectrum


def singular_values(matrix: Tensor) -> Spectrum:
    """The min(N, D) singular values of ``matrix`` (N, D), descending.

    Raises:
        NotFiniteError: NaN or infinite values.
    """
    matrix = matrix.detach().double()
    largest = matrix.abs().max().item()
    # A power of two, which divides exactly: squares of a long product of weights would vanish.
    scale = 2.0 ** (math.frexp(largest)[1] - 1) if 0.0 < largest < math.inf else 1.0
    gram = _gram((matrix if matrix.size(0) >= matrix.size(1) else matrix.T) / scale)
    eigenvalues = _eigenvalues(gram)
    return scale * _root(eigenvalues, eigenvalues[0])


def singular_spectra(z: Tensor) -> Spectra:
    """Both spectra of ``z`` (N, D), min(N, D) values each, from one Gram matrix where N >= D.

    ``Z^T Z = Zc^T Zc + N m m^T`` with m the mean of the rows: added, not subtracted, so that
    nothing cancels when all rows point one way. Both share the floor of the uncentred spectrum.

    Raises:
        NotFiniteError: NaN or infinite values.
    """
    z = z.detach()
    num_nodes, num_dims = z.shape
    mean = z.mean(dim=0, dtype=torch.float64)
    if num_nodes >= num_dims:
        centred = _gram(z, mean)
        uncentred = centred + num_nodes * torch.outer(mean, mean)
    else:
        rows = z.double()
        centred, uncentred = _gram((rows - mean).T), _gram(rows.T)
    of_centred, of_uncentred = _eigenvalues(centred), _eigenvalues(uncentred)
    return Spectra(
        _root(of_centred, of_uncentred[0]),
        _root(of_uncentred, of_uncentred[0]),
    )


def _gram(matrix: Tensor, mean: Tensor | None = None) -> Tensor:
    """``M^T M`` in float64, (D, D), of the matrix less ``mean``."""
    gram = matrix.new_zeros((matrix.size(1), matrix.size(1)), dtype=torch.float64)
    for rows in matrix.detach().split(_ROWS):
        exact = rows.double() if mean is None else rows.double() - mean
        gram.addmm_(exact.T, exact)
    return gram


def _eigenvalues(gram: Tensor) -> Spectrum:
    if not torch.isfinite(gram).all():
        raise NotFiniteError("the matrix to be diagnosed has NaN or infinite values")
    ascending: Spectrum = torch.linalg.eigvalsh(gram).cpu().numpy()
    return ascending[::-1].clip(min=0.0)


def _root(eigenvalues: Spectrum, largest: float) -> Spectrum:
    floor = len(eigenvalues) * np.finfo(np.float64).eps * largest
    return np.sqrt(np.where(eigenvalues > floor, eigenvalues, 0.0))
