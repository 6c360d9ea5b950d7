"""The quantities of a record that a sweep may optimise, and the better direction of each."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Literal

from omegaconf import OmegaConf

from graphssl.errors import ConfigError

Direction = Literal["minimize", "maximize"]

# Measures of the centred and of the uncentred spectrum.
_OF_SPECTRUM: dict[str, tuple[Direction, str]] = {
    "numerical_rank": ("maximize", "more dimensions are in use"),
    "rankme": ("maximize", "more dimensions are in use"),
    "effective_rank": ("maximize", "more dimensions are in use"),
    "participation_ratio": ("maximize", "more dimensions are in use"),
    "power_law_exponent": ("minimize", "a slower decay leaves more variance to later dimensions"),
    "condition_number": ("minimize", "1 if all dimensions vary equally, infinite when collapsed"),
    "spread": ("maximize", "1 if all dimensions vary equally, 0 when collapsed"),
}
# Name -> the better direction, and why.
BETTER: dict[str, tuple[Direction, str]] = {
    "val_accuracy": ("maximize", "more validation nodes are classified correctly"),
    "val_macro_f1": ("maximize", "as accuracy, with all classes weighted equally"),
    "val_roc_auc": ("maximize", "validation nodes of the two classes are better separated"),
    "val_micro_f1": ("maximize", "as accuracy, over all labels of all validation nodes"),
    "val_score": ("maximize", "a higher validation score in the printed metric"),
    **{
        f"{name}_{of}": why for name, why in _OF_SPECTRUM.items() for of in ("centred", "uncentred")
    },
    "mean_pair_cosine": ("minimize", "1 if all rows point the same way"),
    "std_mean": ("maximize", "0 if all rows are equal"),
    "std_min": ("maximize", "0 if a dimension is constant"),
    "uniformity": ("minimize", "a loss: 0 if all rows point the same way"),
}


def names(optimize: Any) -> list[str]:
    """Return the quantities that ``optimize=`` names, one or a list of several.

    Raises:
        ConfigError: a name is unknown, or the list is empty.
    """
    chosen = listed(optimize)
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


def listed(value: Any) -> list[Any]:
    """Return ``value`` as a list, with a single value as its only element."""
    return list(value) if OmegaConf.is_list(value) or isinstance(value, list) else [value]
