"""Checks of arguments. Each error names the argument, what it must be, and the value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from graphssl.errors import ConfigError


def one_of(name: str, value: Any, options: Iterable[str]) -> None:
    """Check that ``value`` is one of ``options``.

    Raises:
        ConfigError: it is not.

    Example:
        >>> one_of("collision", "both", ("wait", "skip"))
        Traceback (most recent call last):
        graphssl.errors.ConfigError: collision must be one of wait, skip, got 'both'
    """
    options = tuple(options)
    if not isinstance(value, str) or value not in options:
        raise ConfigError(f"{name} must be one of {', '.join(options)}, got {value!r}")


def boolean(name: str, value: Any) -> None:
    """Check that ``value`` is True or False.

    Raises:
        ConfigError: it is not.

    Example:
        >>> boolean("force", "no")
        Traceback (most recent call last):
        graphssl.errors.ConfigError: force must be true or false, got 'no'
    """
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, got {value!r}")


def whole_number(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Check that ``value`` is an int, ``least`` or more, and at most ``most`` where given.

    Raises:
        ConfigError: it is not.

    Example:
        >>> whole_number("trainer.steps", 1.5, least=1)
        Traceback (most recent call last):
        graphssl.errors.ConfigError: trainer.steps must be a whole number, 1 or more, got 1.5
    """
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if is_int and least <= value and (most is None or value <= most):
        return
    bounds = f", {least} or more" if most is None else f" from {least} to {most}"
    raise ConfigError(f"{name} must be a whole number{bounds}, got {value!r}")


def number(
    name: str,
    value: Any,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
) -> None:
    """Check that ``value`` is a finite number within the bounds given.

    Args:
        name: the argument's name.
        value: its value.
        least: lower bound, allowed itself.
        above: lower bound, not allowed itself.
        most: upper bound, allowed itself.
        below: upper bound, not allowed itself.

    Raises:
        ConfigError: it is not.

    Example:
        >>> number("p", 1.0, least=0, below=1)
        Traceback (most recent call last):
        graphssl.errors.ConfigError: p must be a finite number, at least 0 and below 1, got 1.0
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and least <= value <= most and above < value < below:
        return
    bounds = {"at least": least, "above": above, "at most": most, "below": below}
    said = " and ".join(f"{word} {x}" for word, x in bounds.items() if math.isfinite(x))
    raise ConfigError(f"{name} must be a finite number{', ' if said else ''}{said}, got {value!r}")
