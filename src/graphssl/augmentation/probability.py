"""The one check every augmentation makes of its arguments."""

from __future__ import annotations

from graphssl.errors import ConfigError


def check_probability(name: str, value: float) -> None:
    """Refuse a drop probability that would drop everything or is none.

    Raises:
        ConfigError: ``value`` is not a number in [0, 1).
    """
    if not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        raise ConfigError(f"{name}={value!r}: a drop probability must lie in [0, 1)")
