"""What a sweep optimises: in which direction, and whether its runs can have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from omegaconf import DictConfig

from graphssl.errors import ConfigError
from graphssl.results.quantities import BETTER, Direction, listed


def directions(chosen: Sequence[str], said: Any) -> list[Direction]:
    """The direction of each quantity: as ``said``, else the one in which it is better.

    Args:
        chosen: what ``names`` returns.
        said: ``hydra.sweeper.direction``: None, a direction, or a list with one per quantity.

    Raises:
        ConfigError: not a direction, or another number of them than of quantities.
    """
    if said is None:
        return [BETTER[name][0] for name in chosen]
    taken = listed(said)
    for direction in taken:
        if direction not in get_args(Direction):
            raise ConfigError(
                f"hydra.sweeper.direction must be {' or '.join(get_args(Direction))}, or a list "
                f"with one per quantity of optimize, got {said!r}"
            )
    if len(taken) != len(chosen):
        raise ConfigError(
            f"hydra.sweeper.direction={said} does not fit optimize=[{','.join(chosen)}]: "
            "one direction per quantity"
        )
    return taken


def doubts(chosen: Sequence[str], taken: Sequence[Direction]) -> list[str]:
    """One line per quantity that is asked for in the direction in which it is worse."""
    return [
        f"{direction} {name} as hydra.sweeper.direction says, "
        f"though it is better to {BETTER[name][0]} it: {BETTER[name][1]}"
        for name, direction in zip(chosen, taken, strict=True)
        if direction != BETTER[name][0]
    ]


def require_validation(chosen: Sequence[str], config: DictConfig) -> None:
    """Raise ``ConfigError`` where a validation score is asked for and no protocol measures it."""
    from graphssl.config import build  # imports torch

    protocols = build.protocols(config)
    wanted = [name for name in chosen if name.startswith("val_")]
    if wanted and not any(p.has_validation for p in protocols.values()):
        raise ConfigError(
            f"optimize={wanted[0]} needs a protocol with validation nodes, got "
            f"probe=[{','.join(protocols)}]; choose e.g. probe=[random_10_10_80]"
        )
