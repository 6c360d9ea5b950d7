"""Hydra sweeper that optimises the quantities of ``optimize=`` with Optuna.

Hydra imports every module of this namespace whose name does not begin with an underscore.
Therefore Optuna is imported only when a sweep starts.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from graphssl import shell
from graphssl.checks import whole_number
from graphssl.errors import ConfigError, TrainingError
from graphssl.results import quantities
from graphssl.sweeps import optimize, outcomes, progress
from graphssl.sweeps.ready_sweeper import ReadySweeper


class Optuna(ReadySweeper):
    """Sweeper that optimises the quantities of ``optimize=`` in their natural direction.

    The study is a file in the folder of runs. The same command resumes an interrupted study, and
    several processes that run it at the same time share the trials.

    Args:
        sampler: a sampler of Optuna, or a partial that creates it.
        pruner: a pruner of Optuna; ``_trial.py`` reports values to it.
        direction: ``minimize``, ``maximize``, a list of them, or None for the natural direction of
            each quantity.
        n_trials: total number of trials in the study.
        n_jobs: number of trials launched together.
        study_name: name of the study; None for a hash of the search.
        params: key -> values, as on the command line, which overrides them.
        trial: number of the trial, set for each job.
    """

    def __init__(
        self,
        sampler: Any,
        pruner: Any,
        direction: Any,
        n_trials: int,
        n_jobs: int,
        study_name: str | None,
        params: dict[str, Any] | None,
        trial: int | None = None,
    ) -> None:
        self.sampler, self.pruner, self.direction = sampler, pruner, direction
        self.n_trials, self.n_jobs, self.study_name = n_trials, n_jobs, study_name
        self.params = [f"{key}={value}" for key, value in (params or {}).items()]

    def sweep(self, arguments: list[str]) -> None:
        """Check the search, then run the trials.

        Raises:
            ConfigError: unknown quantity or direction, or a quantity that no trial can measure.
            TrainingError: no trial has a value.
        """
        from hydra_plugins.graphssl_optuna._space import space_of
        from hydra_plugins.graphssl_optuna._study import SharedStudy

        loader = self.hydra_context.config_loader
        parser = OverridesParser.create(config_loader=loader)
        space, values, fixed = space_of(parser, [*self.params, *arguments])
        names = self._wanted(list(space), loader.load_sweep_config(self.config, fixed))
        directions = optimize.directions(names, self.direction)
        for line in optimize.doubts(names, directions):
            print(f"graphssl: {line}", file=sys.stderr)
        grid: list[dict[str, Any]] = []
        if isinstance(self.sampler, partial) and self.sampler.func.__name__ == "GridSampler":
            if intervals := sorted(space.keys() - values):
                raise ConfigError(
                    f"{intervals[0]}: a grid needs choices or a range, got an interval"
                )
            points = itertools.product(*values.values())
            grid = [dict(zip(values, point, strict=True)) for point in points]
            self.sampler, self.n_trials = None, min(self.n_trials, len(grid))
        asked = {
            "space": {key: repr(kind) for key, kind in space.items()},
            "fixed": sorted(fixed), "optimize": names, "direction": directions,
        }  # fmt: skip
        name = self.study_name or hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:10]
        folder, sweep_dir = studies(self.config), Path(self.config.hydra.sweep.dir)
        study = SharedStudy(folder, name, asked, directions, self.sampler, self.n_trials, grid)
        print(f"graphssl: {study}, {study.left()} left of {self.n_trials}", file=sys.stderr)
        progress.begin(sweep_dir, study.left(), fixed)
        number = 0
        while trials := study.ask(self.n_jobs, space):
            jobs = [
                [*(f"{key}={value}" for key, value in trial.params.items()), *fixed,
                 f"hydra.sweeper.study_name={name}", f"hydra.sweeper.trial={trial.number}"]
                for trial in trials
            ]  # fmt: skip
            results = self.launcher.launch(jobs, initial_job_idx=number)
            for trial, result in zip(trials, results, strict=True):
                found = quantities.listed(result.return_value)  # raises what ended the job
                study.tell(trial, *outcomes.ended(sweep_dir, number), found)
                number += 1
        print(f"graphssl: {study}", file=sys.stderr)
        self._write_best(names, study.best(), sweep_dir)

    def _wanted(self, searched: Sequence[str], config: DictConfig) -> list[str]:
        """Return the quantities to optimise, after checking that every trial can measure them."""
        if "optimize" in searched:
            raise ConfigError("optimize= is what trials are compared by, and cannot be searched")
        if not searched:
            raise ConfigError("nothing to search: give a key several values, a range or interval()")
        whole_number("hydra.sweeper.n_trials", self.n_trials, least=1)
        whole_number("hydra.sweeper.n_jobs", self.n_jobs, least=1)
        name = self.study_name
        if name is not None and not re.fullmatch(r"[\w+-][\w.+-]{0,99}", str(name)):
            raise ConfigError(
                f"hydra.sweeper.study_name={name!r} cannot name a file: at most 100 letters, "
                "digits, +, - and, not first, dots"
            )
        names = quantities.names(config.optimize)
        if not any(key.split(".")[0] in ("probe", "experiment") for key in searched):
            optimize.require_validation(names, config)
        if type(self.pruner).__name__ != "NopPruner":
            if len(names) > 1:
                raise ConfigError(
                    f"hydra/sweeper/pruner: trials of several quantities cannot be pruned, got "
                    f"optimize=[{','.join(names)}]"
                )
            if not config.trainer.eval_every:
                raise ConfigError("hydra/sweeper/pruner needs trainer.eval_every, got 0")
        return names

    def _write_best(self, names: Sequence[str], best: Sequence[Any], folder: Path) -> None:
        """Print the best trials and write ``optimization_results.yaml``."""
        if not best:
            raise TrainingError(
                f"optimize={','.join(names)}: nothing is best, no trial of this sweep has a value"
            )
        for trial in best:
            found = ", ".join(f"{k} {v:.6g}" for k, v in zip(names, trial.values, strict=True))
            print(
                f"graphssl: best {found}: {shell.join(f'{k}={v}' for k, v in trial.params.items())}"
            )
        content: dict[str, Any] = {"name": "optuna"}
        if len(names) == 1:
            content |= {"best_params": best[0].params, "best_value": best[0].value}
        else:
            content["solutions"] = [{"params": t.params, "values": t.values} for t in best]
        OmegaConf.save(OmegaConf.create(content), folder / "optimization_results.yaml")


def studies(config: DictConfig) -> Path:
    """Return the folder of studies in the folder of runs."""
    from graphssl.config import build

    return build.folder(config, "runs") / "optuna"
