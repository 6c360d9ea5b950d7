"""Reports of a training job to the study, for pruning."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from hydra.utils import instantiate
from omegaconf import DictConfig
from optuna.pruners import NopPruner

from graphssl.errors import StoppedError
from graphssl.training.metrics import Logger
from hydra_plugins.graphssl_optuna._study import journal


class Watch(Logger):
    """Logger that reports ``quantity`` to the trial at each evaluation and stops pruned runs.

    Args:
        trial: the trial of Optuna.
        quantity: name of a logged value: the quick probe's ``val_accuracy``, or a measure of the
            representation.
    """

    def __init__(self, trial: optuna.Trial, quantity: str) -> None:
        self.trial, self.quantity = trial, quantity

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Report the quantity if ``values`` contains it.

        Raises:
            StoppedError: the pruner stops the trial.
        """
        if self.quantity in values:
            self.trial.report(values[self.quantity], step)
            if self.trial.should_prune():
                raise StoppedError(
                    f"pruned at step {step}: {self.quantity} {values[self.quantity]:.4g}"
                )


def watches(sweeper: DictConfig, folder: Path, quantity: str) -> list[Logger]:
    """Build the loggers of a trial's job: a ``Watch`` if a pruner is configured, else none.

    Args:
        sweeper: Hydra's configuration of the sweeper in the job.
        folder: the folder of studies.
        quantity: the quantity that the study optimises.
    """
    pruner: Any = instantiate(sweeper.pruner)
    if isinstance(pruner, NopPruner):
        return []
    storage = journal(folder, sweeper.study_name)
    study = optuna.load_study(
        study_name=sweeper.study_name, storage=storage, pruner=pruner,
        sampler=optuna.samplers.RandomSampler(),  # required, but not used here
    )  # fmt: skip
    study_id = storage.get_study_id_from_name(sweeper.study_name)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, sweeper.trial)
    fed = "val_accuracy" if quantity.startswith("val_") else quantity
    return [Watch(optuna.Trial(study, trial_id), fed)]
