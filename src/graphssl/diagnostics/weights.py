"""Measures of the spectra of weight matrices (out, in), individually and in sequence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from graphssl.diagnostics.spectrum import Spectrum, singular_values


def distance_to_orthonormal(s: Spectrum) -> float:
    """Compute ``||S - I||_F = sqrt(sum_k (s_k^2 - 1)^2)`` for the smaller Gram matrix S.

    Example:
        >>> distance_to_orthonormal(np.array([2.0, 1.0]))
        3.0
    """
    return float(np.linalg.norm(s**2 - 1.0))


def product_spectrum(weights: Sequence[Tensor]) -> Spectrum:
    """Compute the singular values of ``W_1 W_2 ... W_L``, the network reduced to its matrices.

    Args:
        weights: (out, in) from the first layer to the last; each in equals the previous out.

    Returns:
        As many values as the smallest width; all further ones are 0.
    """
    narrowest = min(min(weight.shape) for weight in weights)
    product = weights[0].detach().double()
    for weight in weights[1:]:
        product = weight.detach().double() @ product  # (out, in of the first layer)
    return singular_values(product)[:narrowest]


def adjacent_alignment(weight: Tensor, following: Tensor) -> Spectrum:
    """Compute ``(V_l^T U_{l+1})^2`` entry by entry, the alignment of two successive layers.

    In the paper's orientation, ``X W_l W_{l+1}`` with ``W = U S V^T``, V_l spans the output of
    layer l and U_{l+1} the input of the next one. The result is the identity if they are aligned,
    and 1 / out on average if they are unrelated. For equal singular values, as in an orthonormal
    matrix, the directions are not unique, and neither is their alignment.

    Args:
        weight: (out, in).
        following: (out', out).

    Returns:
        (k, k') squared cosines, by descending singular value, with k = min(out, in) and
        k' = min(out', out).
    """
    first, second = weight.detach().double(), following.detach().double()
    V = torch.linalg.eigh(first @ first.T).eigenvectors.flip(1)[:, : min(first.shape)]  # (out, k)
    U = torch.linalg.eigh(second.T @ second).eigenvectors.flip(1)[:, : min(second.shape)]
    cosines: Spectrum = (V.T @ U).square().cpu().numpy()
    return cosines


def chains(weights: Mapping[str, Tensor]) -> dict[str, list[str]]:
    """Group successive layers, whose paths differ in numbers only.

    ``encoder.convs.0.lin`` and ``encoder.convs.1.lin`` form the chain ``encoder.convs.*.lin``.
    Layers whose shapes do not fit end to end form none.

    Example:
        >>> chains({"convs.0.lin": torch.ones(4, 2), "convs.1.lin": torch.ones(3, 4)})
        {'convs.*.lin': ['convs.0.lin', 'convs.1.lin']}
    """
    groups: dict[str, list[str]] = {}
    for name in weights:
        groups.setdefault(re.sub(r"\b\d+\b", "*", name), []).append(name)
    return {
        pattern: names
        for pattern, names in groups.items()
        if len(names) > 1
        and all(weights[a].size(0) == weights[b].size(1) for a, b in pairwise(names))
    }
