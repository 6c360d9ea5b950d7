"""What ``optimize=`` may name, and in which direction each quantity is better. Imports no torch."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal, get_args

from omegaconf import DictConfig, OmegaConf

from graphssl.errors import ConfigError

Direction = Literal["minimize", "maximize"]

# Measures of the centred and of the uncentred spectrum.
_OF_SPECTRUM: dict[str, tuple[Direction, str]] = {
    "numerical_rank": ("maximize", "more dimensions are in use"),
    "rankme": ("maximize", "more dimensions are in use"),
    "effective_rank": ("maximize", "more dimensions are in use"),
    "participation_ratio": ("maximize", "more dimensions are in use"),
    "power_law_exponent": ("minimize", "a slower decay leaves more to the later dimensions"),
    "condition_number": ("minimize", "1 where all dimensions vary alike, infinite when collapsed"),
    "spread": ("maximize", "1 where all dimensions vary alike, 0 when collapsed"),
}
# Name -> the direction in which it is better, and why.
BETTER: dict[str, tuple[Direction, str]] = {
    "val_accuracy": ("maximize", "more validation nodes are classified correctly"),
    **{
        f"{name}_{of}": why for name, why in _OF_SPECTRUM.items() for of in ("centred", "uncentred")
    },
    "mean_pair_cosine": ("minimize", "1 where all rows point the same way"),
    "std_mean": ("maximize", "0 where all rows are equal"),
    "std_min": ("maximize", "0 where a dimension is constant"),
    "uniformity": ("minimize", "a loss: 0 where all rows point the same way"),
}


def names(optimize: Any) -> list[str]:
    """The quantities that ``optimize=`` names: one, or a list of several.

    Raises:
        ConfigError: a name that no run has a value for, or none at all.
    """
    chosen = _listed(optimize)
    if not chosen:
        raise ConfigError("optimize must name at least one quantity, got []")
    for name in chosen:
        if name not in BETTER:
            near = get_close_matches(str(name), BETTER, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else ""
            raise ConfigError(
                f"optimize={name}: no such quantity; {hint or 'there are ' + ', '.join(BETTER)}"
            )
    return chosen


def _listed(value: Any) -> list[Any]:
    return list(value) if OmegaConf.is_list(value) or isinstance(value, list) else [value]


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
    listed = _listed(said)
    for direction in listed:
        if direction not in get_args(Direction):
            raise ConfigError(
                f"hydra.sweeper.direction must be {' or '.join(get_args(Direction))}, or a list "
                f"with one per quantity of optimize, got {said!r}"
            )
    if len(listed) != len(chosen):
        raise ConfigError(
            f"hydra.sweeper.direction={said} does not fit optimize=[{','.join(chosen)}]: "
            "one direction per quantity"
        )
    return listed


def doubts(chosen: Sequence[str], taken: Sequence[Direction]) -> list[str]:
    """One line per quantity that is asked for in the direction in which it is worse."""
    return [
        f"{direction} {name} as hydra.sweeper.direction says, "
        f"though it is better to {BETTER[name][0]} it: {BETTER[name][1]}"
        for name, direction in zip(chosen, taken, strict=True)
        if direction != BETTER[name][0]
    ]


def require_validation(chosen: Sequence[str], config: DictConfig) -> None:
    """Raise ``ConfigError`` where validation accuracy is asked for and no protocol measures it."""
    from graphssl.config import build  # imports torch

    protocols = build.protocols(config)
    if "val_accuracy" in chosen and not any(p.has_validation for p in protocols.values()):
        raise ConfigError(
            "optimize=val_accuracy needs a protocol with validation nodes, got "
            f"probe=[{','.join(protocols)}]; choose e.g. probe=[random_10_10_80]"
        )
