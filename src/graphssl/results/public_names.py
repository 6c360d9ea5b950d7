"""Public names of classes in records and ids, so that moving a file changes neither."""

from __future__ import annotations

from typing import Any

_ROOMS = {
    "augmentation", "data", "encoders", "objectives", "probing", "regularizers", "training",
}  # fmt: skip


def public_name(target: str) -> str:
    """Shorten a target that names a file to ``graphssl.<package>.<name>``; leave others unchanged.

    Up to behaviour version 2, configurations named the files, which have since moved; custom yaml
    files may still do so.

    Example:
        >>> public_name("graphssl.objectives.bgrl.BGRL")
        'graphssl.objectives.BGRL'
        >>> public_name("torch.optim.AdamW")
        'torch.optim.AdamW'
    """
    parts = target.split(".")
    if len(parts) > 3 and parts[0] == "graphssl" and parts[1] in _ROOMS:
        return f"graphssl.{parts[1]}.{parts[-1]}"
    return target


def with_public_names(node: Any) -> Any:
    """Return ``node``, a configuration as plain containers, with every target's public name."""
    if isinstance(node, dict):
        named = {key: with_public_names(value) for key, value in node.items()}
        if isinstance(target := named.get("_target_"), str):
            named["_target_"] = public_name(target)
        return named
    return [with_public_names(value) for value in node] if isinstance(node, list) else node
