"""Checks of the quantities that a sweep optimises, and of their directions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from omegaconf import DictConfig

from graphssl.errors import ConfigError
from graphssl.results.quantities import BETTER, Direction, listed


def require_optuna() -> None:
    """Raise ``ConfigError`` where Optuna is not installed, or one from before it kept journals."""
    try:
        import optuna.storages.journal  # noqa: F401
    except ImportError:
        raise ConfigError(
            'hydra/sweeper=optuna needs optuna 4 or newer: pip install "graphssl-werank[sweeps]"'
        ) from None


def directions(chosen: Sequence[str], requested: Any) -> list[Direction]:
    """Return the direction of each quantity: as requested, or else the one that is better.

    Args:
        chosen: names of the quantities, from ``quantities.names``.
        requested: ``hydra.sweeper.direction``: None, a direction, or a list of one per quantity.

    Raises:
        ConfigError: ``requested`` is not a direction, or not one per quantity.
    """
    if requested is None:
        return [BETTER[name][0] for name in chosen]
    taken = listed(requested)
    for direction in taken:
        if direction not in get_args(Direction):
            raise ConfigError(
                f"hydra.sweeper.direction must be {' or '.join(get_args(Direction))}, or a list "
                f"of one per quantity in optimize, got {requested!r}"
            )
    if len(taken) != len(chosen):
        raise ConfigError(
            f"hydra.sweeper.direction={requested} does not fit optimize=[{','.join(chosen)}]: "
            "give one direction per quantity"
        )
    return taken


def doubts(chosen: Sequence[str], taken: Sequence[Direction]) -> list[str]:
    """Return one warning per quantity that is optimised in the direction in which it is worse."""
    return [
        f"hydra.sweeper.direction={direction} for {name}, "
        f"though it is better to {BETTER[name][0]} it: {BETTER[name][1]}"
        for name, direction in zip(chosen, taken, strict=True)
        if direction != BETTER[name][0]
    ]


def require_validation(chosen: Sequence[str], config: DictConfig) -> None:
    """Raise ``ConfigError`` if a validation score is requested that no protocol measures."""
    from graphssl.config import build  # imports torch

    protocols = build.protocols(config)
    wanted = [name for name in chosen if name.startswith("val_")]
    if wanted and not any(p.has_validation for p in protocols.values()):
        raise ConfigError(
            f"optimize={wanted[0]} needs a protocol with validation nodes, got "
            f"probe=[{','.join(protocols)}]; choose e.g. probe=[random_10_10_80]"
        )
