"""Conversion of overrides to a search space."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Transformer
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from graphssl.errors import ConfigError


def space_of(
    parser: OverridesParser, arguments: Sequence[str]
) -> tuple[dict[str, BaseDistribution], list[str]]:
    """Return the distribution of each searched key, and the overrides shared by all trials.

    ``choice(a,b)`` and ``a,b`` are categorical; ``range(1,5)`` is 1 to 4, as in every sweep;
    ``interval(1,5)`` includes both ends, ``int(interval(1,5))`` is restricted to whole numbers;
    ``tag(log,interval(...))`` is searched on a logarithmic scale. A later argument replaces an
    earlier one with the same key.
    """
    parsed = {o.get_key_element(): o for o in parser.parse_overrides(list(arguments))}
    space = {key: _distribution(o) for key, o in parsed.items() if o.is_sweep_override()}
    fixed = [
        f"{key}={override.get_value_element_as_str()}"
        for key, override in parsed.items()
        if key not in space
    ]
    return space, fixed


def _distribution(override: Override) -> BaseDistribution:
    if override.is_interval_sweep():
        sweep: Any = override.value()
        kind = IntDistribution if type(sweep.start) is type(sweep.end) is int else FloatDistribution
        try:
            return kind(sweep.start, sweep.end, log="log" in sweep.tags)
        except ValueError as error:
            raise ConfigError(f"{override.input_line}: {error}") from None
    values: list[Any] = list(override.sweep_iterator(transformer=Transformer.encode))
    if override.is_range_sweep() and not getattr(override.value(), "shuffle", False) and values:
        step = abs(values[1] - values[0]) if len(values) > 1 else 1
        kind = IntDistribution if all(type(v) is int for v in values) else FloatDistribution
        return kind(min(values), max(values), step=step)
    return CategoricalDistribution(values)


def grid_of(space: Mapping[str, BaseDistribution]) -> Iterator[dict[str, Any]]:
    """Generate all combinations of the values of ``space``.

    Raises:
        ConfigError: ``space`` contains an interval, which has infinitely many values.
    """
    return (
        dict(zip(space, values, strict=True))
        for values in itertools.product(*(_values(key, space[key]) for key in space))
    )


def _values(key: str, distribution: BaseDistribution) -> list[Any]:
    match distribution:
        case CategoricalDistribution():
            return list(distribution.choices)
        case FloatDistribution(step=None):
            raise ConfigError(f"{key}: a grid needs choices or a range, got an interval")
        case (
            IntDistribution(low=low, high=high, step=step)
            | FloatDistribution(low=low, high=high, step=step)
        ):
            return [low + i * step for i in range(round((high - low) / step) + 1)]
    raise TypeError(distribution)
