"""Compose the configuration from overrides, without Hydra's own command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf

from graphssl.config.composer import Composer
from graphssl.config.folder import config_dir
from graphssl.errors import ConfigError


def compose(overrides: Sequence[str]) -> tuple[DictConfig, dict[str, Any], list[str]]:
    """Compose ``overrides``; return the configuration, the choice per group, and ``overrides``."""
    overrides = list(map(with_home, overrides))
    composer = _composer(_state(config_dir()))
    config = composer(overrides)
    check_recipe(overrides, composer.loader)
    choices = group_choices(config.hydra.runtime.choices, overrides)
    OmegaConf.set_struct(config, None)
    del config["hydra"]
    return config, choices, overrides


@lru_cache(maxsize=1)
def _composer(state: tuple[tuple[str, int], ...]) -> Composer:
    """Build a composer of the files of conf/, which are in this ``state``."""
    with _own_hydra():
        loader: Any = GlobalHydra.instance().config_loader()
    return Composer(loader, from_shell=False, within=_own_hydra)


def _state(folder: Path) -> tuple[tuple[str, int], ...]:
    """List the files below ``folder`` with their times, so that an edited one is read again."""
    files = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)
    return tuple((file, os.stat(file).st_mtime_ns) for file in sorted(files))


def with_home(override: str) -> str:
    """Expand ``key=~/x`` as a shell would; Hydra's grammar has no unquoted ``~``."""
    key, _, value = override.partition("=")
    return f"{key}={os.path.expanduser(value)}" if value.startswith("~") else override


# For folders given with a ~ in a file or an environment variable.
OmegaConf.register_new_resolver("home", os.path.expanduser, replace=True)


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Initialise Hydra with our configuration, even inside another Hydra program.

    The caller's state is restored afterwards: its configuration source and Hydra's version base.
    """
    theirs, base = GlobalHydra.instance(), VersionBase.instance().version_base
    hydra = theirs.hydra
    theirs.clear()
    try:
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            yield
    finally:
        theirs.hydra, VersionBase.instance().version_base = hydra, base
        GlobalHydra.set_instance(theirs)  # Hydra has replaced it with a copy


def check_recipe(overrides: Sequence[str], loader: ConfigLoader) -> None:
    """Refuse an explicit recipe that does not exist; Hydra would ignore it.

    The recipe that follows from objective and dataset is optional, so Hydra reports no missing one.
    """
    for override in overrides:
        group, _, option = override.partition("=")
        if group == "recipe" and option != "null":
            known = loader.get_group_options("recipe")
            if option not in known:
                raise ConfigError(f"{override}: no such option; there are {', '.join(known)}")


def resolved(config: DictConfig) -> dict[str, Any]:
    """Return ``config`` without Hydra's own part, resolved, as plain containers."""
    return {
        str(key): OmegaConf.to_container(config[key], resolve=True)
        if OmegaConf.is_config(config[key])
        else config[key]
        for key in config
        if key != "hydra"
    }


def group_choices(choices: Any, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return the choices in our own groups, without Hydra's.

    Hydra records no choice for a list of augmentations; it is taken from ``overrides``.
    """
    ours = {group: o for group, o in choices.items() if not group.startswith("hydra/")}
    for override in overrides:
        key, _, option = override.partition("=")
        if key == "augmentation" and key not in ours:
            ours[key] = "".join(option.split())
    return ours
