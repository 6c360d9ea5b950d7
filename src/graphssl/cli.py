"""The command line. Imports neither torch nor anything that does until a run begins."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import hydra
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from graphssl import sweep
from graphssl.config_dir import config_dir
from graphssl.errors import GraphSSLError
from graphssl.version import __version__

log = logging.getLogger(__name__)

EXPECTED = (GraphSSLError, HydraException, OmegaConfBaseException)


def main() -> None:
    """Entry point of ``graphssl`` and ``python -m graphssl``."""
    if "--version" in sys.argv[1:]:
        print(f"graphssl {__version__}")
        return
    sys.path.append(os.getcwd())  # a user's own module may lie beside the user's own conf
    # Hydra then raises its errors instead of printing them over several lines.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    try:
        _hydra_main()
        if sweep.failed:
            sys.exit(1)
    except EXPECTED as error:
        _fail(error, sys.argv[1:])
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)


@hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")
def _hydra_main(config: DictConfig) -> float:
    from graphssl.pipeline import run

    job = HydraConfig.get()
    overrides = list(job.overrides.task)
    try:
        record = run(config, group_choices(job.runtime.choices), overrides)
    except Exception as error:
        if job.mode == RunMode.MULTIRUN and not config.fail_fast:
            return _note_failure(error, overrides, job)
        if isinstance(error, EXPECTED) and not config.debug:
            _fail(error, sys.argv[1:])
        raise
    print(record.summary(), flush=True)
    return record.value(config.optimize)


def _note_failure(error: Exception, overrides: list[str], job: Any) -> float:
    """Let the sweep go on; a sweeper that maximises is told the least there is."""
    from graphssl.results.failure import write_failure

    write_failure(sweep.failure_path(job.sweep.dir, job.job.num), error, overrides)
    log.error("failed: %s", describe(error, overrides))
    return -math.inf  # Hydra's optuna sweeper cannot take NaN, or a trial without a value


def compose(overrides: Sequence[str]) -> tuple[DictConfig, dict[str, Any], list[str]]:
    """The configuration that ``overrides`` give, the option chosen in each group, ``overrides``."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        config = hydra_compose("config", list(overrides), return_hydra_config=True)
        choices = group_choices(config.hydra.runtime.choices)
        plain = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    return plain, choices, list(overrides)


def group_choices(choices: Any) -> dict[str, Any]:
    """The choices in our own groups, without Hydra's."""
    return {
        group: list(option) if OmegaConf.is_list(option) else option
        for group, option in choices.items()
        if not group.startswith("hydra/")
    }


def _fail(error: BaseException, overrides: Sequence[str]) -> NoReturn:
    """The one place where an expected error becomes one line and a non-zero exit."""
    if any(arg in ("debug=true", "debug=True") for arg in overrides):
        raise error
    print(f"graphssl: error: {describe(error, overrides)}", file=sys.stderr)
    sys.exit(1)


def describe(error: BaseException, overrides: Sequence[str]) -> str:
    """``error`` in one line, with the near matches of a name that is not there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if isinstance(error, GraphSSLError) or not lines:
        return " ".join(lines)
    if isinstance(error, OverrideParseException):
        return f"{error.override}: {lines[0]}"
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}: a value is needed, got none"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = [str(o) for o in error.options or ()]
        return f"{group}={option}: no such option{_near(option, options, options)}"
    if lines[0].startswith("Could not override '"):
        key = lines[0].split("'")[1]
        keys = list(_known_keys([o for o in overrides if not o.lstrip("+~").startswith(key)]))
        return f"{key}: no such key or group{_near(key, keys)}"
    return lines[0]


def _near(name: str, names: Sequence[str], otherwise: Sequence[str] = ()) -> str:
    matches = get_close_matches(name, names, n=3, cutoff=0.6)
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
