"""Check what a configuration passes to graphssl's own constructors against their annotations.

``encoder.residual=no`` is the text ``"no"``, which Python takes for true, and an object in place of
a factory fails only where it is called, with an error that does not name it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pkgutil import resolve_name
from typing import Any

from graphssl.checks import boolean
from graphssl.errors import ConfigError


def check_arguments(node: Any, path: str) -> None:
    """Check booleans and factories in ``node``, a configuration as plain containers.

    Args:
        node: what ``path`` contains; only mappings with a ``_target_`` in graphssl are checked.
        path: its dotted key, for messages.

    Raises:
        ConfigError: names the key and its value.
    """
    if isinstance(node, list):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        return
    asked = parameters(_own(node.get("_target_")))
    for key, value in node.items():
        where, kind = f"{path}.{key}", str(asked[key].annotation) if key in asked else ""
        if kind == "bool":
            boolean(where, value)
        elif kind.startswith("Callable") and not _is_factory(value, kind):
            raise ConfigError(
                f"{where} must have a _target_ and _partial_: true, since it is called with "
                f"further arguments, got {value!r}"
            )
        check_arguments(value, where)


def _is_factory(value: Any, kind: str) -> bool:
    if value is None:
        return kind.endswith("| None")
    return isinstance(value, dict) and value.get("_partial_") is True


def parameters(target: Any) -> Mapping[str, inspect.Parameter]:
    """Return the arguments of ``target``; none where it has no signature, as some of Python's."""
    try:
        return inspect.signature(target).parameters
    except (TypeError, ValueError):
        return {}


def _own(target: Any) -> Any:
    """Return graphssl's object called ``target``; None if there is none."""
    if not isinstance(target, str) or not target.startswith("graphssl."):
        return None
    try:
        return resolve_name(target)
    except (ImportError, AttributeError, ValueError):  # Hydra reports it
        return None
