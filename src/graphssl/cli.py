"""The command line. Nothing here imports torch until a run begins."""

from __future__ import annotations

import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from graphssl.config.compose import check_recipe, compose, group_choices, with_home
from graphssl.config.folder import config_dir
from graphssl.config.help_text import help_text
from graphssl.config.key_checks import check_keys
from graphssl.config.messages import describe, expected, is_expected
from graphssl.config.option_list import list_text
from graphssl.config.user_frames import user_frames
from graphssl.errors import ConfigError, Interrupted, RunBusyError, StoppedError
from graphssl.results import quantities
from graphssl.shell import until_closed
from graphssl.sweeps import launcher, optimize, outcomes, progress
from graphssl.terminal import moving, spinner
from graphssl.version import __version__

if TYPE_CHECKING:
    from graphssl.results.record import RunRecord
    from graphssl.training import Logger

__all__ = ["compose", "main"]

log = logging.getLogger(__name__)

_HYDRAS_INFO = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")


def main() -> None:
    """Run the command line ``graphssl``."""
    with until_closed():
        _main()


def _main() -> None:
    if "--version" in sys.argv[1:]:
        print(f"graphssl {__version__}")
        return
    if {"--help", "-h"} & set(sys.argv[1:]):
        print(help_text(sys.argv[1:]))
        return
    if _asked(sys.argv[1:]):
        return
    sys.path.append(os.getcwd())  # custom modules may lie next to a custom conf folder
    # With this Hydra raises its errors instead of printing them over several lines.
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    launcher.keep_visible_gpus()
    try:
        with _ending_by_exception(signal.SIGTERM):
            _check_flags(sys.argv[1:])
            sys.argv[1:] = map(with_home, sys.argv[1:])
            _hydra_main()
    except KeyboardInterrupt as stop:
        said = f": {stop}" if str(stop) else " before a run began"
        if outcomes.close():
            said = ": the same command finishes the sweep, each job from what it has saved"
        print(f"graphssl: interrupted{said}", file=sys.stderr)
        sys.exit(128 + getattr(stop, "signal", signal.SIGINT))
    except BrokenPipeError:
        raise
    except Exception as error:
        if known := expected(error, sys.argv[1:]):
            outcomes.close()
            _fail(known, sys.argv[1:])
        if not outcomes.cut_short(error):
            raise
    if outcomes.failed:
        sys.exit(1)


@contextmanager
def _ending_by_exception(number: signal.Signals) -> Iterator[None]:
    """Let the signal raise an exception, as Ctrl-C does, so that open files are closed."""

    def stop(*_: Any) -> NoReturn:
        raise Interrupted("", number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(number, stop)
    try:
        yield
    finally:
        signal.signal(number, before)


@hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")
def _hydra_main(config: DictConfig) -> float | list[float] | None:
    if HydraConfig.get().mode == RunMode.MULTIRUN:
        return _run_in_sweep(config)
    try:
        _run(config, None)
    except BrokenPipeError:
        raise
    except RunBusyError as error:
        print(f"graphssl: skipped (collision=skip): {error}", file=sys.stderr)
    except Exception as error:
        if config.debug is True or not (is_expected(error) or user_frames(error)):
            raise
        _fail(error, sys.argv[1:])
    return None


def _run_in_sweep(config: DictConfig) -> float | list[float]:
    """Run one job; return the values that ``optimize=`` names, NaN where the job has none."""
    job = HydraConfig.get()
    overrides = list(job.overrides.task)
    launcher.show_gpus(job.launcher)
    started, outcome = time.time(), "failed"
    values = [math.nan] * (len(config.optimize) if OmegaConf.is_list(config.optimize) else 1)
    try:
        with outcomes.begun(job, overrides):
            names = quantities.names(config.optimize)
            watches: list[Logger] = []
            if job.runtime.choices.get("hydra/sweeper") == "optuna":
                optimize.require_validation(names, config)
                watches = _watches(config, names)
            record = _run(config, launcher.threads_per_job(job.launcher), watches)
            values = [record.value(name) for name in names]
            outcome = "done" if record.written_since(started) else "done before"
    except StoppedError as error:
        outcome = "pruned"
        outcomes.note(job, outcome, error, overrides)
        log.info("%s", error)
    except RunBusyError as error:
        outcome = "skipped"
        outcomes.note(job, outcome, error, overrides)
        log.warning("skipped (collision=skip): %s", error)
    except Exception as error:
        outcomes.note(job, outcome, error, overrides)
        if config.fail_fast:
            _fail(error, overrides)
        log.error("failed: %s", describe(error, overrides))
    progress.ended(job, overrides, outcome, started)
    return values[0] if len(values) == 1 else values


def _watches(config: DictConfig, names: Sequence[str]) -> list[Logger]:
    from hydra_plugins.graphssl_optuna._trial import watches
    from hydra_plugins.graphssl_optuna.sweeper import studies

    return watches(HydraConfig.get().sweeper, studies(config), names[0])


def _run(
    config: DictConfig, launcher_threads: int | None, watches: Sequence[Logger] = ()
) -> RunRecord:
    shown = launcher_threads is None and OmegaConf.select(config, "trainer.progress") is True
    with moving(shown), spinner("importing torch"):
        from graphssl.pipeline.run import run

    job = HydraConfig.get()
    overrides = list(job.overrides.task)
    choices = group_choices(job.runtime.choices, overrides)
    check_recipe(overrides, GlobalHydra.instance().config_loader())
    check_keys(config, choices, overrides)
    record = run(config, choices, overrides, launcher_threads, watches)
    print(record.summary(), flush=True)
    return record


def _asked(arguments: Sequence[str]) -> bool:
    """Answer ``list``, ``embed``, ``probe`` and ``--info``, which Hydra has with other words."""
    try:
        match arguments:
            case ["list", *rest]:
                print(list_text(rest))
                return True
            case ["embed", *rest]:
                from graphssl.pipeline.embed_command import embed_command

                print(embed_command(rest))
                return True
            case ["probe", *rest]:
                from graphssl.pipeline.probe_command import probe_command

                print(probe_command(rest))
                return True
            case ["--info", folder] if folder not in _HYDRAS_INFO:
                from graphssl.report.run_info import run_info

                print(run_info(Path(folder)))
                return True
    except BrokenPipeError:
        raise
    except Exception as error:
        if (known := expected(error, arguments)) is None:
            raise
        _fail(known, arguments)
    return False


def _check_flags(arguments: Sequence[str]) -> None:
    """Refuse flags that Hydra does not know, or of which it would silently use only one."""
    _, unknown = get_args_parser().parse_known_args(arguments)
    for flag in unknown:
        if not flag.startswith("-"):
            raise ConfigError(f"{flag}: flags such as -m come before or after all key=value")
        raise ConfigError(f"{flag}: no such flag; options are key=value, e.g. trainer.steps=3")
    if sum(a.partition("=")[0] in ("--config-dir", "-cd") for a in arguments) > 1:
        raise ConfigError("--config-dir: Hydra takes one, got several")


def _fail(error: BaseException, overrides: Sequence[str]) -> NoReturn:
    """Print an expected error as one line and exit with 1; no other place does so."""
    if any(arg.lstrip("+") in ("debug=true", "debug=True") for arg in overrides):
        raise error
    print(f"graphssl: error: {describe(error, overrides)}", file=sys.stderr)
    print(*user_frames(error), sep="", end="", file=sys.stderr)
    sys.exit(1)
