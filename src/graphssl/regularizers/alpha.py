"""Strength of a penalty, per layer and over the steps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Literal

from graphssl.errors import ConfigError

Alpha = float | Mapping[str, float]
Schedule = Literal["constant", "warmup", "cosine"]


def alpha_per_layer(alpha: Alpha, layers: Iterable[str]) -> dict[str, float]:
    """Look up alpha for every layer: the number, or that of the first pattern matching its name.

    Args:
        alpha: a number, or shell-style pattern (``"encoder.convs.0*"``) -> number. A layer that no
            pattern matches is not penalised.
        layers: names of the layers found.

    Returns:
        Name -> alpha, for the penalised layers only.

    Raises:
        ConfigError: a pattern matches no layer.

    Example:
        >>> alpha_per_layer({"encoder.convs.0*": 0.1, "encoder.*": 1}, ["encoder.convs.1.lin"])
        Traceback (most recent call last):
        graphssl.errors.ConfigError: alpha: pattern 'encoder.convs.0*' matches no layer; ...
        >>> alpha_per_layer({"encoder.*": 1}, ["encoder.convs.1.lin", "predictor.0"])
        {'encoder.convs.1.lin': 1.0}
    """
    layers = list(layers)
    if not isinstance(alpha, Mapping):
        return dict.fromkeys(layers, float(alpha))
    for pattern in alpha:
        if not any(fnmatchcase(layer, str(pattern)) for layer in layers):
            raise ConfigError(
                f"alpha: pattern {pattern!r} matches no layer; layers found: {', '.join(layers)}"
            )
    chosen: dict[str, float] = {}
    for layer in layers:
        for pattern, value in alpha.items():
            if fnmatchcase(layer, str(pattern)):
                chosen[layer] = float(value)
                break
    return chosen


def alpha_factor(schedule: Schedule, step: int, total: int, steps: int | None = None) -> float:
    """Compute the factor of alpha at ``step`` (from 0) of a run of ``total`` steps.

    ``constant``: 1. ``warmup``: ``step / steps``, then 1. ``cosine``: ``(1 + cos(pi step / steps))
    / 2``, then 0. ``steps`` is the length of the schedule; None means the whole run.

    Raises:
        ConfigError: the schedule is longer than the run.

    Example:
        >>> [alpha_factor("warmup", step, total=10, steps=4) for step in (0, 1, 4, 9)]
        [0.0, 0.25, 1.0, 1.0]
    """
    steps = total if steps is None else steps
    if steps > total:
        raise ConfigError(f"schedule_steps must be at most the run's {total} steps, got {steps}")
    progress = min(step / steps, 1.0)
    if schedule == "warmup":
        return progress
    return (1.0 + math.cos(math.pi * progress)) / 2.0 if schedule == "cosine" else 1.0
