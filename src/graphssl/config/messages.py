"""An expected error in one line: what was wrong, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from yaml import YAMLError

from graphssl.config.compose import compose
from graphssl.config.folder import config_dir
from graphssl.config.help_text import options_in
from graphssl.errors import GraphSSLError, words

EXPECTED = (GraphSSLError, HydraException, OmegaConfBaseException, YAMLError)

# What Hydra's own plugins bring; they come with an extra.
_IN_SWEEPS = {
    "hydra/launcher": ("joblib", "submitit_local", "submitit_slurm"),
    "hydra/sweeper": ("optuna",),
}


def describe(error: BaseException, overrides: Sequence[str]) -> str:
    """``error`` in one line, with the near matches of a name that is not there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return words(error)
    if not isinstance(error, EXPECTED):
        return f"{type(error).__name__}: {lines[0]}"
    if isinstance(error, GraphSSLError):
        return " ".join(lines)
    if isinstance(error, YAMLError):
        return f"a yaml file cannot be read: {' '.join(lines)}"
    if isinstance(error, OverrideParseException):
        return f"{error.override}: {lines[0]}; what is no plain word needs quotes: 'key=\"value\"'"
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}: a value is needed, got none"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        if option in _IN_SWEEPS.get(group, ()):
            return f'{group}={option} is not installed: pip install "graphssl-werank[sweeps]"'
        # Hydra names none for an option in a list.
        options = list(map(str, error.options or options_in(config_dir()).get(group, [])))
        return f"{group}={option}: no such option{_near(option, options, options)}"
    if lines[0].startswith("Could not override '"):
        key = lines[0].split("'")[1]
        keys = list(_known_keys([o for o in overrides if not o.lstrip("+~").startswith(key)]))
        return f"{key}: no such key or group{_near(key, keys)}"
    if lines[0].startswith("Ambiguous value"):
        return f"{lines[0]}: several values are a sweep, which needs -m"
    if not isinstance(error, HydraException | OmegaConfBaseException):  # raised in custom code
        return f"{type(error).__name__}: {lines[0]}"
    return lines[0]


def _near(name: str, names: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    matches = get_close_matches(name, sorted(set(names) - {name.split(".")[0]}), n=3, cutoff=0.6)
    if matches:
        return f"; did you mean {' or '.join(matches)}?"
    return f"; there are {', '.join(otherwise)}" if otherwise else ""


def _known_keys(overrides: Sequence[str]) -> Iterator[str]:
    """Every dotted key of the configuration, and every group."""
    try:
        config, choices, _ = compose([o for o in overrides if not o.startswith("-")])
    except EXPECTED:
        config, choices, _ = compose([])
    yield from choices
    stack: list[tuple[str, Any]] = [("", OmegaConf.to_container(config))]
    while stack:
        prefix, node = stack.pop()
        for key, value in node.items():
            yield f"{prefix}{key}"
            if isinstance(value, dict):
                stack.append((f"{prefix}{key}.", value))
