"""The command line. Imports neither torch nor anything that does until a run begins."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from graphssl.config.compose import check_recipe, compose, group_choices
from graphssl.config.folder import config_dir
from graphssl.config.help_text import help_text
from graphssl.config.messages import EXPECTED, describe
from graphssl.errors import ConfigError, RunBusyError
from graphssl.sweeps import launcher, outcomes
from graphssl.version import __version__

__all__ = ["compose", "main"]

log = logging.getLogger(__name__)

# What a sweeper that maximises is told of a run without a value: Hydra's optuna sweeper cannot take
# NaN, or a trial without one.
_LEAST = -math.inf


def main() -> None:
    """Entry point of ``graphssl`` and ``python -m graphssl``."""
    try:
        _main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _main() -> None:
    if "--version" in sys.argv[1:]:
        print(f"graphssl {__version__}")
        return
    if {"--help", "-h"} & set(sys.argv[1:]):
        print(help_text(sys.argv[1:]))
        return
    sys.path.append(os.getcwd())  # a user's own module may lie beside the user's own conf
    # Hydra then raises its errors instead of printing them over several lines.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    launcher.keep_visible_gpus()
    try:
        _check_flags(sys.argv[1:])
        _hydra_main()
    except EXPECTED as error:
        _fail(error, sys.argv[1:])
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if str(error).startswith("Config group override must be"):
            _fail(ConfigError(_null_group(sys.argv[1:])), sys.argv[1:])
        if not outcomes.cut_short(error):
            raise
    if outcomes.failed:
        sys.exit(1)


@hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")
def _hydra_main(config: DictConfig) -> float:
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        return _run_in_sweep(config)
    try:
        return _run(config, None)
    except RunBusyError as error:
        print(f"graphssl: skipped (collision=skip): {error}", file=sys.stderr)
    except EXPECTED as error:
        if config.debug:
            raise
        _fail(error, sys.argv[1:])
    return math.nan


def _run_in_sweep(config: DictConfig) -> float:
    job = HydraConfig.get()
    overrides = list(job.overrides.task)
    launcher.show_gpus(job.launcher)
    try:
        with outcomes.begun(job, overrides):
            return _run(config, launcher.threads_per_job(job.launcher))
    except RunBusyError as error:
        outcomes.note(job, "skipped", error, overrides)
        log.warning("skipped (collision=skip): %s", error)
    except Exception as error:
        outcomes.note(job, "failed", error, overrides)
        if config.fail_fast:
            _fail(error, overrides)
        log.error("failed: %s", describe(error, overrides))
    return _LEAST


def _run(config: DictConfig, launcher_threads: int | None) -> float:
    from graphssl.pipeline.run import run

    job = HydraConfig.get()
    choices, overrides = group_choices(job.runtime.choices), list(job.overrides.task)
    check_recipe(overrides)
    record = run(config, choices, overrides, launcher_threads)
    print(record.summary(), flush=True)
    value = record.value(config.optimize)
    if math.isnan(value) and job.runtime.choices.get("hydra/sweeper") == "optuna":
        log.error(
            "optimize=%s: this run has none, nothing is maximised; val_accuracy needs a protocol "
            "with validation nodes, e.g. probe=[random_10_10_80]",
            config.optimize,
        )
        return _LEAST
    return value


def _check_flags(arguments: Sequence[str]) -> None:
    """Refuse flags that Hydra has not, where it would print its usage, or would pass over."""
    _, unknown = get_args_parser().parse_known_args(arguments)
    for flag in unknown:
        if flag.startswith("-"):
            raise ConfigError(f"{flag}: no such flag; options are key=value, e.g. trainer.steps=3")
    if sum(a.partition("=")[0] in ("--config-dir", "-cd") for a in arguments) > 1:
        raise ConfigError("--config-dir: Hydra takes one, got several")


def _null_group(arguments: Sequence[str]) -> str:
    said = next((a for a in arguments if a.endswith(("=null", "="))), "a group without an option")
    return f"{said}: a group needs one of its options, see graphssl --help"


def _fail(error: BaseException, overrides: Sequence[str]) -> NoReturn:
    """The one place where an expected error becomes one line and a non-zero exit."""
    if any(arg.lstrip("+") in ("debug=true", "debug=True") for arg in overrides):
        raise error
    print(f"graphssl: error: {describe(error, overrides)}", file=sys.stderr)
    sys.exit(1)
