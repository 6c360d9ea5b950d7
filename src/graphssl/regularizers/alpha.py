"""How strongly each layer is penalised, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Literal, get_args

from graphssl.errors import ConfigError

Alpha = float | Mapping[str, float]
Schedule = Literal["constant", "warmup", "cosine"]


def check_alpha(alpha: float, name: str = "alpha") -> None:
    """Raise ``ConfigError`` unless ``alpha`` is a finite number that is at least 0."""
    number = isinstance(alpha, (int, float)) and not isinstance(alpha, bool)
    if not number or not math.isfinite(alpha) or alpha < 0:
        raise ConfigError(f"{name} must be a finite number that is at least 0, got {alpha!r}")


def check_choice(name: str, value: str, choices: object) -> None:
    """Raise ``ConfigError`` unless ``value`` is one of the ``Literal`` type ``choices``."""
    if value not in get_args(choices):
        options = ", ".join(get_args(choices))
        raise ConfigError(f"{name} must be one of {options}; got {value!r}")


def alpha_per_layer(alpha: Alpha, layers: Iterable[str]) -> dict[str, float]:
    """Alpha of every layer: the number, or that of the first pattern that fits the layer's name.

    Args:
        alpha: a number, or shell-style pattern (``"encoder.convs.0*"``) -> number. A layer that no
            pattern fits gets no penalty.
        layers: names of the layers found.

    Returns:
        Name -> alpha, of the penalised layers alone.

    Raises:
        ConfigError: a pattern that fits no layer.
    """
    layers = list(layers)
    if not isinstance(alpha, Mapping):
        return dict.fromkeys(layers, float(alpha))
    for pattern in alpha:
        if not any(fnmatchcase(layer, str(pattern)) for layer in layers):
            raise ConfigError(
                f"alpha: pattern {pattern!r} fits no layer; layers found: {', '.join(layers)}"
            )
    chosen: dict[str, float] = {}
    for layer in layers:
        for pattern, value in alpha.items():
            if fnmatchcase(layer, str(pattern)):
                chosen[layer] = float(value)
                break
    return chosen


def alpha_factor(schedule: Schedule, step: int, total: int, steps: int | None = None) -> float:
    """Factor of alpha at ``step`` (from 0) of a run of ``total`` steps.

    ``constant``: 1. ``warmup``: ``step / steps``, then 1. ``cosine``: ``(1 + cos(pi step / steps))
    / 2``, then 0. ``steps`` is the schedule's length, the whole run where it is None.

    Raises:
        ConfigError: a schedule longer than the run.
    """
    steps = total if steps is None else steps
    if steps > total:
        raise ConfigError(f"schedule_steps must be at most the run's {total} steps, got {steps}")
    progress = min(step / steps, 1.0)
    if schedule == "warmup":
        return progress
    return (1.0 + math.cos(math.pi * progress)) / 2.0 if schedule == "cosine" else 1.0
