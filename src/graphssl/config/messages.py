"""Turn expected errors into one line that names the mistake and suggests a fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

import yaml
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from graphssl.config.compose import compose
from graphssl.config.folder import config_dir
from graphssl.config.help_text import options_in
from graphssl.errors import ConfigError, GraphSSLError, raised_in, words
from graphssl.results.failure import OUT_OF_MEMORY, kind_of

EXPECTED = (GraphSSLError, HydraException, OmegaConfBaseException, yaml.YAMLError, OSError)

# Options of Hydra's own plugins, which an extra installs.
_EXTRAS = {
    "hydra/launcher=joblib": "sweeps",
    "hydra/launcher=submitit_local": "sweeps",
    "hydra/launcher=submitit_slurm": "sweeps",
    "hydra/launcher=ray": "ray",
}


def is_expected(error: BaseException) -> bool:
    """Return whether users can fix ``error``, so that no traceback is shown."""
    return isinstance(error, EXPECTED) or kind_of(error) == OUT_OF_MEMORY


def expected(error: BaseException, overrides: Sequence[str]) -> GraphSSLError | None:
    """Return ``error`` as a ``GraphSSLError`` with a one-line message; None if unexpected."""
    if isinstance(error, GraphSSLError):
        return error
    if str(error).startswith("Config group override must be"):  # a plain ValueError of Hydra's
        override = next(filter(_chooses_none, overrides), "a group without an option")
        return ConfigError(f"{override}: a group needs one of its options, see graphssl --help")
    if isinstance(error, ValueError) and raised_in(error) == "hydra":  # about its own flags
        return ConfigError(words(error).removeprefix("ValueError: "))
    return ConfigError(describe(error, overrides)) if is_expected(error) else None


def describe(error: BaseException, overrides: Sequence[str]) -> str:
    """Format ``error`` on one line, with close matches for a name that does not exist."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return words(error)
    if isinstance(error, GraphSSLError):
        return " ".join(lines) + _of_another_target(lines[0], overrides)
    if kind_of(error) == OUT_OF_MEMORY:
        return f"out of memory: {' '.join(lines)[:200]}; use a smaller graph or encoder"
    if not isinstance(error, EXPECTED):
        return f"{type(error).__name__}: {lines[0]}"
    if isinstance(error, yaml.YAMLError):
        return f"a yaml file cannot be read: {' '.join(lines)}"
    if isinstance(error, OverrideParseException):
        return (
            f"{error.override}: {lines[0]}; quote values with special characters: 'key=\"value\"'"
        )
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}: a value is required, got none"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        if extra := _EXTRAS.get(f"{group}={option}"):
            return f'{group}={option} is not installed: pip install "graphssl-werank[{extra}]"'
        # Hydra lists no options for a missing one in a list.
        options = list(map(str, error.options or options_in(config_dir()).get(group, [])))
        return f"{group}={option}: no such option{near(option, options, options)}"
    if lines[0].startswith("Error merging 'hydra/sweeper/"):
        return (
            "hydra-optuna-sweeper is installed, which hydra/sweeper=optuna does without: "
            "pip uninstall hydra-optuna-sweeper"
        )
    if lines[0].startswith("Error merging override "):
        override = lines[0].removeprefix("Error merging override ")
        return f"{override}: {str(error.__cause__).splitlines()[0]}"
    for override in overrides:
        if override.startswith("~") and f"${{{override[1:]}}}" in lines[0]:
            return f"{override}: a run needs {override[1:]}, which was deleted"
    if lines[0].startswith("Could not override '"):
        key = lines[0].split("'")[1]
        for override in overrides:
            parent = override.lstrip("+").partition("=")[0]
            if key.startswith(f"{parent}.") and parent not in options_in(config_dir()):
                return f"{key}: {override} replaces all of {parent}"
        keys = list(_known_keys([o for o in overrides if not o.lstrip("+~").startswith(key)]))
        return f"{key}: no such key or group{near(key, keys)}"
    if lines[0].startswith("Ambiguous value"):
        return f"{lines[0]}: several values make a sweep, which needs -m"
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}; once that is fixed, the same command resumes"
    if isinstance(error, OSError) and not isinstance(error, HydraException):
        return words(error)
    return lines[0]


def _chooses_none(override: str) -> bool:
    """Return whether ``override`` gives a group something that cannot be one of its options."""
    group, _, option = override.partition("=")
    is_group = "/" in group or group in {*options_in(config_dir()), "hydra"}
    return is_group and not isinstance(yaml.safe_load(option), str | list)


def _of_another_target(message: str, overrides: Sequence[str]) -> str:
    """Explain the arguments of a target that an override put in the place of another one."""
    for override in overrides:
        key, found, _ = override.lstrip("+").partition("._target_=")
        if found and message.startswith(f"{key}: ") and "argument" in message:
            return (
                f"; {override} leaves {key}'s other keys as they were: delete them, ~{key}.KEY, or "
                "write a yaml for the new target"
            )
    return ""


def near(name: str, names: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    """Suggest the ``names`` that are close to ``name``; where there is none, list ``otherwise``."""
    matches = get_close_matches(name, sorted(set(names) - {name.split(".")[0]}), n=3, cutoff=0.6)
    if matches:
        return f"; did you mean {' or '.join(matches)}?"
    return f"; there are {', '.join(otherwise)}" if otherwise else ""


def _known_keys(overrides: Sequence[str]) -> Iterator[str]:
    """Yield every group, and every dotted key of the configuration."""
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
