"""What the spectra of weight matrices (out, in) say, alone and one after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from graphssl.diagnostics.spectrum import Spectrum, singular_values


def distance_to_orthonormal(s: Spectrum) -> float:
    """``||S - I||_F = sqrt(sum_k (s_k^2 - 1)^2)`` for the smaller Gram matrix S, 0 at the least."""
    return float(np.linalg.norm(s**2 - 1.0))


def product_spectrum(weights: Sequence[Tensor]) -> Spectrum:
    """Singular values of ``W_1 W_2 ... W_L``, the network without what lies between its matrices.

    Args:
        weights: (out, in) from the first layer to the last, each one's in the out before it.

    Returns:
        As many values as the narrowest place is wide; those of the product beyond that are 0.
    """
    narrowest = min(min(weight.shape) for weight in weights)
    product = weights[0].detach().double()
    for weight in weights[1:]:
        product = weight.detach().double() @ product
    return singular_values(product)[:narrowest]


def adjacent_alignment(weight: Tensor, following: Tensor) -> Spectrum:
    """``(V_l^T U_{l+1})^2``, entry by entry: how the directions of two layers in a row meet.

    In the paper's orientation, ``X W_l W_{l+1}`` with ``W = U S V^T``, V_l spans what layer l puts
    out and U_{l+1} what the next one takes in. The identity when they are aligned, 1 / out on
    average when they have nothing to do with each other. Where singular values are equal, as in an
    orthonormal matrix, the directions are not determined, and neither is their alignment.

    Args:
        weight: (out, in).
        following: (out', out).

    Returns:
        (k, k') of squared cosines, by descending singular value; k = min(out, in), k' alike.
    """
    first, second = weight.detach().double(), following.detach().double()
    V = torch.linalg.eigh(first @ first.T).eigenvectors.flip(1)[:, : min(first.shape)]
    U = torch.linalg.eigh(second.T @ second).eigenvectors.flip(1)[:, : min(second.shape)]
    cosines: Spectrum = (V.T @ U).square().cpu().numpy()
    return cosines


def chains(weights: Mapping[str, Tensor]) -> dict[str, list[str]]:
    """Layers that follow each other, by their names: same path but for the numbers in it.

    ``encoder.convs.0.lin`` and ``encoder.convs.1.lin`` make the chain ``encoder.convs.*.lin``.
    Layers that do not fit end to end make none.
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
