"""Conversion of overrides to a search space."""

from __future__ import annotations

from collections.abc import Sequence
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
) -> tuple[dict[str, BaseDistribution], dict[str, list[Any]], list[str]]:
    """Return the distribution of each searched key, its values, and the overrides of all trials.

    ``choice(a,b)`` and ``a,b`` are categorical; ``range(1,5)`` is 1 to 4, as in every sweep;
    ``interval(1,5)``, which has no list of values, includes both ends, ``int(interval(1,5))`` is
    restricted to whole numbers; ``tag(log,interval(...))`` is searched on a logarithmic scale. A
    later argument replaces an earlier one with the same key.
    """
    parsed = {o.get_key_element(): o for o in parser.parse_overrides(list(arguments))}
    searched = {key: o for key, o in parsed.items() if o.is_sweep_override()}
    values: dict[str, list[Any]] = {
        key: list(o.sweep_iterator(transformer=Transformer.encode))
        for key, o in searched.items()
        if not o.is_interval_sweep()
    }
    space = {key: _distribution(o, values.get(key)) for key, o in searched.items()}
    fixed = [
        f"{key}={o.get_value_element_as_str()}" for key, o in parsed.items() if key not in searched
    ]
    return space, values, fixed


def _distribution(override: Override, values: list[Any] | None) -> BaseDistribution:
    sweep: Any = override.value()
    try:
        if values is None:
            whole = type(sweep.start) is type(sweep.end) is int
            kind = IntDistribution if whole else FloatDistribution
            return kind(sweep.start, sweep.end, log="log" in sweep.tags)
        if override.is_range_sweep() and not sweep.shuffle and len(values) > 1:
            kind = IntDistribution if all(type(v) is int for v in values) else FloatDistribution
            return kind(min(values), max(values), step=abs(values[1] - values[0]))
        return CategoricalDistribution(values)
    except ValueError as error:
        raise ConfigError(f"{override.input_line}: {error}") from None
