"""Check of drop probabilities, shared by all augmentations."""

from __future__ import annotations

from graphssl.errors import ConfigError


def check_probability(name: str, value: float) -> None:
    """Check that ``value`` is a drop probability that does not drop everything.

    Raises:
        ConfigError: ``value`` is not a number in [0, 1).
    """
    if not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        raise ConfigError(f"{name}={value!r}: a drop probability must lie in [0, 1)")
