"""All measures of a representation, or of all weights, in the form in which they are recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from torch import Tensor

from graphssl.contracts import FloatArray
from graphssl.diagnostics.geometry import (
    mean_pair_cosine,
    std_per_dimension,
    uniformity,
)
from graphssl.diagnostics.rank import (
    condition_number,
    effective_rank,
    numerical_rank,
    participation_ratio,
    power_law_exponent,
    rankme,
    spread,
)
from graphssl.diagnostics.spectrum import Spectrum, singular_spectra, singular_values
from graphssl.diagnostics.weights import (
    adjacent_alignment,
    chains,
    distance_to_orthonormal,
    product_spectrum,
)


@dataclass(frozen=True, eq=False)
class Diagnostics:
    """Finite numbers for ``metrics.jsonl``, and arrays for ``spectra.npz``.

    Attributes:
        values: measure -> finite number.
        arrays: name -> array, e.g. singular values.
    """

    values: dict[str, float]
    arrays: dict[str, FloatArray]


def representation_diagnostics(z: Tensor) -> Diagnostics:
    """Compute every measure of a representation ``z`` (N, D).

    Values: ``<measure>_centred`` and ``<measure>_uncentred`` for numerical_rank, rankme,
    effective_rank, participation_ratio, power_law_exponent, condition_number and spread;
    mean_pair_cosine, std_mean, std_min, uniformity; and ``few_nodes``, 1 if N <= D, where rank is
    not informative. A measure without a finite value, such as the condition number of a matrix that
    lost rank, is left out. Centred rank can look healthy while all rows point the same way: read it
    together with the uncentred one and ``mean_pair_cosine``.

    Arrays: ``centred`` and ``uncentred`` singular values, ``std`` of every dimension.

    Raises:
        NotFiniteError: ``z`` has NaN or infinite values.

    Example:
        >>> import torch
        >>> found = representation_diagnostics(torch.eye(3)[:, :2])
        >>> found.values["numerical_rank_uncentred"], found.arrays["std"].shape
        (2.0, (2,))
    """
    spectra = singular_spectra(z)
    std = std_per_dimension(z).cpu().numpy()
    values = {
        **_of_spectrum(spectra.centred, "_centred"),
        **_of_spectrum(spectra.uncentred, "_uncentred"),
        "mean_pair_cosine": mean_pair_cosine(z),
        "std_mean": float(std.mean()),
        "std_min": float(std.min()),
        "uniformity": uniformity(z),
        "few_nodes": float(z.size(0) <= z.size(1)),
    }
    arrays = {"centred": spectra.centred, "uncentred": spectra.uncentred, "std": std}
    return Diagnostics(_finite(values), arrays)


def weight_diagnostics(weights: Mapping[str, Tensor]) -> Diagnostics:
    """Compute every measure of weight matrices, name -> (out, in).

    Values: ``<layer>/`` largest, smallest, spread, effective_rank and distance_to_orthonormal; for
    every chain of layers (``chains``), ``<chain>/product_effective_rank`` and ``product_spread``;
    for every two successive layers, ``<layer>/alignment_to_next``, the mean of the diagonal of
    ``adjacent_alignment``.

    Arrays: singular values, ``<layer>`` and ``<chain>/product``.

    Raises:
        NotFiniteError: a matrix has NaN or infinite values.

    Example:
        >>> import torch
        >>> weight_diagnostics({"lin": 2 * torch.eye(2)}).values["lin/largest"]
        2.0
    """
    values: dict[str, float] = {}
    arrays: dict[str, FloatArray] = {}
    for name, weight in weights.items():
        s = singular_values(weight)
        arrays[name] = s
        values |= {
            f"{name}/largest": float(s[0]),
            f"{name}/smallest": float(s[-1]),
            f"{name}/spread": spread(s),
            f"{name}/effective_rank": effective_rank(s),
            f"{name}/distance_to_orthonormal": distance_to_orthonormal(s),
        }
    for chain, names in chains(weights).items():
        s = product_spectrum([weights[name] for name in names])
        arrays[f"{chain}/product"] = s
        values[f"{chain}/product_effective_rank"] = effective_rank(s)
        values[f"{chain}/product_spread"] = spread(s)
        for name, following in pairwise(names):
            squared_cosines = adjacent_alignment(weights[name], weights[following])
            values[f"{name}/alignment_to_next"] = float(np.diagonal(squared_cosines).mean())
    return Diagnostics(_finite(values), arrays)


def _of_spectrum(s: Spectrum, suffix: str) -> dict[str, float]:
    measures = (
        numerical_rank,
        rankme,
        effective_rank,
        participation_ratio,
        power_law_exponent,
        condition_number,
        spread,
    )
    return {f"{measure.__name__}{suffix}": float(measure(s)) for measure in measures}


def _finite(values: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}
