"""Which function fits which classifier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import numpy as np
import torch

from graphssl.contracts import FloatArray
from graphssl.errors import ConfigError
from graphssl.probing.solvers.batched import fit_batched
from graphssl.probing.solvers.liblinear import fit_one_vs_rest
from graphssl.probing.solvers.linear import Fit
from graphssl.probing.solvers.multinomial import fit_multinomial

Classifier = Literal["one_vs_rest", "multinomial"]
Solver = Literal["sklearn", "batched"]
# The square of C is a float32 up to here, and so is C times any loss.
MAX_EXPONENT = 60


def powers_of_two(log2_C: Sequence[int]) -> FloatArray:
    """The grid of C: 2^first to 2^last, both included.

    Raises:
        ConfigError: not a pair of ascending whole exponents within +-``MAX_EXPONENT``.
    """
    pair = len(log2_C) == 2 and all(type(exponent) is int for exponent in log2_C)
    if not pair or log2_C[0] > log2_C[1]:
        raise ConfigError(f"log2_C must be the first and the last exponent, got {list(log2_C)}")
    if max(map(abs, log2_C)) > MAX_EXPONENT:
        raise ConfigError(
            f"log2_C must lie within -{MAX_EXPONENT}..{MAX_EXPONENT}, where float32 holds the "
            f"objective, got {list(log2_C)}"
        )
    return np.asarray(2.0 ** np.arange(log2_C[0], log2_C[1] + 1))


def choose_solver(classifier: Classifier, solver: Solver, device: str) -> tuple[str, Fit]:
    """The name for the record, and the function, of what fits ``classifier``.

    Raises:
        ConfigError: there is no such classifier, solver or device.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):  # the latter from a build of torch without CUDA
        raise ConfigError(
            f"the probe's device must be cpu, cuda or cuda:<i> and be there, got {device!r}"
        ) from None
    fits: dict[tuple[str, str], tuple[str, Fit]] = {
        ("one_vs_rest", "sklearn"): ("liblinear", fit_one_vs_rest),
        ("one_vs_rest", "batched"): (
            "batched",
            partial(fit_batched, one_vs_rest=True, device=device),
        ),
        ("multinomial", "sklearn"): ("lbfgs", fit_multinomial),
        ("multinomial", "batched"): ("batched", partial(fit_batched, device=device)),
    }
    if (classifier, solver) not in fits:
        raise ConfigError(
            "classifier must be one_vs_rest or multinomial and solver sklearn or batched, "
            f"got classifier={classifier!r} solver={solver!r}"
        )
    return fits[classifier, solver]
