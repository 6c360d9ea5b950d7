"""Refuse a configuration that lacks a key, has one that nothing reads, or has lost its shape."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from graphssl.checks import boolean, one_of
from graphssl.config.folder import config_dir
from graphssl.config.messages import near
from graphssl.errors import ConfigError

# Groups of one object, and groups of a factory, which the run calls with more arguments.
_OBJECTS = ("augmentation", "dataset", "encoder", "objective", "regularizer", "trainer")
_FACTORIES = ("act", "norm", "optimizer")
_CONVERSIONS = ("none", "partial", "object", "all")


def check_keys(config: DictConfig, choices: Mapping[str, Any], overrides: Sequence[str]) -> None:
    """Refuse a configuration that lacks a required key or contains one that nothing reads.

    Arguments of a ``_target_`` are left to its constructor. A key that another one refers to as
    ``${key}`` counts as read.

    Raises:
        ConfigError: names the key, and close matches or its value.
    """
    shipped = _shipped(config_dir())
    if missing := sorted(shipped.needed - set(config)):
        raise ConfigError(f"~{missing[0]}: a run needs {missing[0]}, which was deleted")
    _check_shapes(config, shipped)
    for key in set(map(str, config)) - shipped.needed - set(choices) - {"hydra"}:
        _require_read(key, config, {*shipped.needed, *choices})
    # A recipe may have keys that this run does not read; an override of one must have an effect.
    overridden = {o.lstrip("+").partition("=")[0] for o in overrides}
    for key, known in shipped.read.items():
        if "_target_" in config[key]:
            continue
        for inner in set(config[key]) - known:
            if key != "recipe" or f"recipe.{inner}" in overridden:
                _require_read(f"{key}.{inner}", config, {f"{key}.{name}" for name in known})


class _Shipped(NamedTuple):
    """What the files of conf/ say about keys.

    Attributes:
        needed: keys that every run needs.
        mappings: those with keys of their own, except tags, which are free-form.
        read: group without a target -> the keys in it that are read.
        asked: keys of these groups that every run reads.
    """

    needed: Set[str]
    mappings: Set[str]
    read: Mapping[str, Set[Any]]
    asked: Sequence[tuple[str, str]]


@cache
def _shipped(folder: Path) -> _Shipped:
    shipped: Any = OmegaConf.load(folder / "config.yaml")
    lines = [line for line in shipped.defaults if line != "_self_"]
    groups = {str(key).removeprefix("optional ") for line in lines for key in line}
    groups = {group for group in groups if "hydra/" not in group} - {"profile", "experiment"}
    values = {str(key) for key in shipped} - {"defaults", "hydra"}
    diagnostics = set(OmegaConf.load(folder / "diagnostics/default.yaml"))
    asked = {"paths": set(shipped.paths), "probe": set(shipped.probe), "diagnostics": diagnostics}
    return _Shipped(
        needed=values | groups,
        mappings={*groups, *(k for k in values if OmegaConf.is_dict(shipped[k]))} - {"tags"},
        read={
            **asked,
            "probe": {*shipped.probe, "protocols"},
            "recipe": set(shipped.recipe),
            "logger": set(),
            "parametrization": set(),
        },
        asked=[(group, str(key)) for group, keys in asked.items() for key in sorted(keys)],
    )


def _check_shapes(config: DictConfig, shipped: _Shipped) -> None:
    """Check that mappings are mappings, hold what every run reads, and build what it needs."""
    for key in sorted(shipped.mappings):
        if not OmegaConf.is_dict(config[key]):
            raise ConfigError(
                f"{key} must have keys of its own, {key}.KEY=VALUE, got {config[key]!r}"
            )
        _check_hydras_keys(key, OmegaConf.to_container(config[key]))
    for group, key in (*shipped.asked, *((g, "_target_") for g in (*_OBJECTS, *_FACTORIES))):
        if key not in config[group]:
            raise ConfigError(f"~{group}.{key}: a run needs {group}.{key}, which was deleted")
    for group in (*_OBJECTS, *_FACTORIES, *(["logger"] if "_target_" in config.logger else [])):
        partial = bool(config[group].get("_partial_"))
        if partial is (group in _OBJECTS):
            raise ConfigError(
                f"{group}._partial_ must be {str(not partial).lower()}, got {str(partial).lower()}"
            )


def _check_hydras_keys(path: str, node: Any) -> None:
    """Check the keys that Hydra reads to build ``node`` and what is in it; not interpolations."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        where = f"{path}.{key}"
        if isinstance(value, str) and "${" in value:
            continue
        if key in ("_partial_", "_recursive_"):
            boolean(where, value)
        elif key == "_convert_":
            one_of(where, value, _CONVERSIONS)
        elif key == "_target_" and not (isinstance(value, str) and value):
            raise ConfigError(f"{where} must be the dotted path of a class, got {value!r}")
        _check_hydras_keys(where, value)


def _require_read(key: str, config: DictConfig, names: Set[str]) -> None:
    text = OmegaConf.to_yaml(config)
    if not re.search(rf"\$\{{\.*{re.escape(key)}[.}}\[]", text):
        hint = near(key, sorted(names)) or "; use +tags.NAME= for free-form notes"
        raise ConfigError(f"{key}: nothing reads this key{hint}")
