"""Hashes of the custom code that a configuration names."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1]


def own_code(config: Mapping[str, Any]) -> dict[str, str]:
    """Hash the files of custom targets: target -> sha256 of the file that contains it.

    Custom files are those that belong neither to graphssl nor to Python and are not in
    ``site-packages``. Only the packages that contain them are imported. Modules that such a file
    imports are not hashed.
    """
    files = {target: _file(target) for target in sorted(set(targets(config)))}
    return {
        target: hashlib.sha256(file.read_bytes()).hexdigest()
        for target, file in files.items()
        if file is not None
    }


def targets(node: Any) -> Iterator[str]:
    """Yield every ``_target_`` in ``node``, a configuration as plain containers."""
    if isinstance(node, Mapping):
        if isinstance(target := node.get("_target_"), str):
            yield target
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from targets(value)


def _file(target: str) -> Path | None:
    """Return the custom file that contains ``target``, or None."""
    first, *rest = target.split(".")
    spec = _spec(first)
    if spec is None or first in sys.stdlib_module_names or _installed(spec):
        return None
    for part in rest:
        # Only packages have submodules to search, which imports the package.
        inner = _spec(f"{spec.name}.{part}") if spec.submodule_search_locations else None
        if inner is None:
            break
        spec = inner
    return None if spec.origin is None or _installed(spec) else Path(spec.origin)


def _installed(spec: ModuleSpec) -> bool:
    origin = Path(spec.origin or "")  # a folder without __init__.py has none
    return "site-packages" in origin.parts or origin.parent == _PACKAGE


def _spec(module: str) -> ModuleSpec | None:
    try:
        return find_spec(module)
    except (ImportError, ValueError):
        return None
