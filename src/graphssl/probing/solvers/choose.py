"""Choice of the solver for a classifier, and the grid of C."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, get_args

import numpy as np
import torch

from graphssl.checks import one_of
from graphssl.contracts import FloatArray
from graphssl.errors import ConfigError
from graphssl.probing.solvers.batched import fit_batched
from graphssl.probing.solvers.liblinear import fit_one_vs_rest
from graphssl.probing.solvers.linear import Fit
from graphssl.probing.solvers.multinomial import fit_multinomial

Classifier = Literal["one_vs_rest", "multinomial"]
Solver = Literal["sklearn", "batched"]
# Up to this exponent the square of C, and C times any loss, fit into float32.
MAX_EXPONENT = 60


def powers_of_two(log2_C: Sequence[int]) -> FloatArray:
    """Make the grid of C (K,): 2^first to 2^last, both included.

    Raises:
        ConfigError: ``log2_C`` is not a pair of ascending whole exponents within
            +-``MAX_EXPONENT``.

    Example:
        >>> powers_of_two([-1, 2]).tolist()
        [0.5, 1.0, 2.0, 4.0]
    """
    pair = len(log2_C) == 2 and all(type(exponent) is int for exponent in log2_C)
    if not pair or log2_C[0] > log2_C[1]:
        raise ConfigError(f"log2_C must be the first and the last exponent, got {list(log2_C)}")
    if max(map(abs, log2_C)) > MAX_EXPONENT:
        raise ConfigError(
            f"log2_C must be within -{MAX_EXPONENT}..{MAX_EXPONENT}, the range of float32 for the "
            f"objective, got {list(log2_C)}"
        )
    return np.asarray(2.0 ** np.arange(log2_C[0], log2_C[1] + 1))


def require_device(device: str) -> None:
    """Check that ``device`` exists.

    Raises:
        ConfigError: it does not.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError):  # AssertionError: torch without CUDA
        raise ConfigError(
            f"the probe's device must be cpu, cuda or cuda:<i> and exist, got {device!r}"
        ) from None


def choose_solver(classifier: Classifier, solver: Solver, device: str) -> tuple[str, Fit]:
    """Look up the solver for ``classifier``: its name for the record, and its function.

    Raises:
        ConfigError: there is no such classifier, solver or device.
    """
    one_of("classifier", classifier, get_args(Classifier))
    one_of("solver", solver, get_args(Solver))
    require_device(device)
    fits: dict[tuple[str, str], tuple[str, Fit]] = {
        ("one_vs_rest", "sklearn"): ("liblinear", fit_one_vs_rest),
        ("one_vs_rest", "batched"): (
            "batched",
            partial(fit_batched, one_vs_rest=True, device=device),
        ),
        ("multinomial", "sklearn"): ("lbfgs", fit_multinomial),
        ("multinomial", "batched"): ("batched", partial(fit_batched, device=device)),
    }
    return fits[classifier, solver]
