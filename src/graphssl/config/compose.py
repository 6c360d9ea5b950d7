"""Compose the configuration from overrides, without Hydra's own command line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase
from omegaconf import DictConfig, OmegaConf

from graphssl.config.folder import config_dir
from graphssl.errors import ConfigError


def compose(overrides: Sequence[str]) -> tuple[DictConfig, dict[str, Any], list[str]]:
    """Compose ``overrides``; return the configuration, the choice per group, and ``overrides``."""
    overrides = list(map(with_home, overrides))
    with _own_hydra():
        config = hydra_compose("config", overrides, return_hydra_config=True)
        choices = group_choices(config.hydra.runtime.choices)
        check_recipe(overrides)
    return _ours(config), choices, overrides


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


def check_recipe(overrides: Sequence[str]) -> None:
    """Refuse an explicit recipe that does not exist; Hydra would ignore it.

    The recipe that follows from objective and dataset is optional, so Hydra reports no missing one.
    Call this while Hydra is initialised.
    """
    known = GlobalHydra.instance().config_loader().get_group_options("recipe")
    for override in overrides:
        group, _, option = override.partition("=")
        if group == "recipe" and option not in [*known, "null"]:
            raise ConfigError(f"{override}: no such option; there are {', '.join(known)}")


def resolved(config: DictConfig) -> dict[str, Any]:
    """Return ``config`` without Hydra's own part, resolved, as plain containers."""
    plain: dict[str, Any] = OmegaConf.to_container(_ours(config), resolve=True)  # type: ignore[assignment]
    return plain


def _ours(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def group_choices(choices: Any) -> dict[str, Any]:
    """Return the choices in our own groups, without Hydra's."""
    return {
        group: list(option) if OmegaConf.is_list(option) else option
        for group, option in choices.items()
        if not group.startswith("hydra/")
    }
