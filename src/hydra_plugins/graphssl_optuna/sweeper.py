"""Hydra sweeper that optimises the quantities of ``optimize=`` with Optuna.

Hydra imports every module of this namespace whose name does not begin with an underscore.
Therefore Optuna is imported only when a sweep starts.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from graphssl import shell
from graphssl.errors import ConfigError, TrainingError
from graphssl.results import quantities
from graphssl.sweeps import optimize, outcomes, progress


class Optuna(Sweeper):
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
        self.hydra_context: HydraContext | None = None
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Store the context and create the launcher; Hydra calls this before ``sweep``."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Check the search, then run the trials.

        Raises:
            ConfigError: unknown quantity or direction, or a quantity that no trial can measure.
            TrainingError: no trial has a value.
        """
        from hydra_plugins.graphssl_optuna._space import grid_of, space_of
        from hydra_plugins.graphssl_optuna._study import SharedStudy

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        loader = self.hydra_context.config_loader
        parser = OverridesParser.create(config_loader=loader)
        space, fixed = space_of(parser, [*self.params, *arguments])
        names = self._wanted(list(space), loader.load_sweep_config(self.config, fixed))
        directions = optimize.directions(names, self.direction)
        for line in optimize.doubts(names, directions):
            print(f"graphssl: {line}", file=sys.stderr)
        grid = None
        if isinstance(self.sampler, partial) and self.sampler.func.__name__ == "GridSampler":
            grid, self.sampler = list(grid_of(space)), None
            self.n_trials = min(self.n_trials, len(grid))
        asked = {
            "space": {key: repr(values) for key, values in space.items()},
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
                values = quantities.listed(
                    result.return_value
                )  # raises the error that ended the job
                study.tell(trial, *outcomes.ended(sweep_dir, number), values)
                number += 1
        print(f"graphssl: {study}", file=sys.stderr)
        best = [(trial.params, trial.values) for trial in study.best()]
        self._write_best(names, best, sweep_dir)

    def _wanted(self, searched: Sequence[str], config: DictConfig) -> list[str]:
        """Return the quantities to optimise, after checking that every trial can measure them."""
        if "optimize" in searched:
            raise ConfigError("optimize= is what trials are compared by, and cannot be searched")
        if not searched:
            raise ConfigError("nothing to search: give a key several values, a range or interval()")
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

    def _write_best(
        self, names: Sequence[str], best: Sequence[tuple[dict[str, Any], list[float]]], folder: Path
    ) -> None:
        """Print the best trials and write ``optimization_results.yaml``."""
        if not best:
            raise TrainingError(
                f"optimize={','.join(names)}: nothing is best, no trial of this sweep has a value"
            )
        for params, values in best:
            found = ", ".join(f"{k} {v:.6g}" for k, v in zip(names, values, strict=True))
            print(f"graphssl: best {found}: {shell.join(f'{k}={v}' for k, v in params.items())}")
        content: dict[str, Any] = {"name": "optuna"}
        if len(names) == 1:
            content |= {"best_params": best[0][0], "best_value": best[0][1][0]}
        else:
            content["solutions"] = [{"params": p, "values": v} for p, v in best]
        OmegaConf.save(OmegaConf.create(content), folder / "optimization_results.yaml")


def studies(config: DictConfig) -> Path:
    """Return the folder of studies in the folder of runs."""
    from graphssl.config import build

    return build.folder(config, "runs") / "optuna"
