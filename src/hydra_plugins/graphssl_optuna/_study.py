"""A study in the folder of runs that several processes share and that survives their end."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.distributions import BaseDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from graphssl.errors import ConfigError, words

_STATES = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED}


def journal(folder: Path, name: str) -> JournalStorage:
    """Open the storage of study ``name``: one file that processes append to."""
    return JournalStorage(JournalFileBackend(str(folder / f"{name}.journal")))


class SharedStudy:
    """Optuna study whose trials are distributed under a lock among several processes (workers).

    Each worker holds a lock of its own while it is alive, so that trials of dead workers are found.

    Args:
        folder: the folder of studies.
        name: name of the study.
        asked: description of the search; an existing study with this name must have the same.
        directions: one direction per quantity.
        sampler: a sampler of Optuna, or a partial that creates it, whose seed is increased by the
            number of the worker.
        n_trials: total number of trials in the study.
        grid: all trials in order, if the sampler does not choose them.

    Raises:
        ConfigError: the existing study describes another search, or its file is damaged.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        asked: Mapping[str, Any],
        directions: Sequence[str],
        sampler: Any,
        n_trials: int,
        grid: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.n_trials = folder, name, n_trials
        self.lock = FileLock(folder / f"{name}.lock")
        with self.lock:
            number = len(list(folder.glob(f"{name}.worker*.lock")))
            self.worker = f"{name}.worker{number}.lock"
            self._alive = FileLock(folder / self.worker)
            self._alive.acquire()
            if isinstance(sampler, partial):
                seed = sampler.keywords.get("seed")
                sampler = sampler() if seed is None else sampler(seed=seed + number)
            try:
                self.study = optuna.create_study(
                    study_name=name, storage=journal(folder, name), sampler=sampler,
                    directions=directions, load_if_exists=True,
                )  # fmt: skip
                begun = bool(self.study.trials)
            except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
                raise ConfigError(
                    f"{folder / name}.journal cannot be read: {words(error)}; move it away to "
                    "begin the study again"
                ) from None
            self._require_same(json.loads(json.dumps(asked)))
            if not begun:
                for params in grid:
                    self.study.enqueue_trial(dict(params))
            self._repeat_lost()

    def _require_same(self, asked: Mapping[str, Any]) -> None:
        before = self.study.user_attrs.get("asked", asked)
        if differ := [key for key in asked if before.get(key) != asked[key]]:
            raise ConfigError(
                f"hydra.sweeper.study_name={self.name} is another search: {', '.join(differ)} "
                "differ; choose another name"
            )
        self.study.set_user_attr("asked", asked)

    def _repeat_lost(self) -> None:
        """Enqueue the trials of dead workers again; their runs resume from their checkpoints."""
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            try:
                # Without a worker, it died while it asked.
                with FileLock(self.folder / trial.user_attrs.get("worker", "none.lock"), timeout=0):
                    self.study.tell(trial.number, state=TrialState.FAIL)
                    self.study.enqueue_trial(trial.params, {"repeats": trial.number})
            except Timeout:
                continue

    def _outcomes(self) -> list[str]:
        """Return the outcome of each trial that has started."""
        trials = self.study.get_trials(deepcopy=False)
        lost = {trial.user_attrs.get("repeats") for trial in trials}
        return [
            "lost" if trial.number in lost else trial.user_attrs.get("outcome", "at work")
            for trial in trials
            if trial.state != TrialState.WAITING
        ]

    def left(self) -> int:
        """Return the number of trials that have not started."""
        return max(0, self.n_trials - sum(outcome != "lost" for outcome in self._outcomes()))

    def ask(self, count: int, space: dict[str, BaseDistribution]) -> list[Trial]:
        """Assign up to ``count`` trials to this worker."""
        with self.lock:
            trials = []
            for _ in range(min(count, self.left())):
                trials.append(self.study.ask(space))
                trials[-1].set_user_attr("worker", self.worker)
        return trials

    def tell(self, trial: Trial, outcome: str, why: str, values: Sequence[float]) -> None:
        """End ``trial``, with ``values`` only if it is ``done`` and none of them is NaN.

        A trial that failed, was skipped or lacks a value counts as failed, so that it is never the
        best, whatever the direction.
        """
        if outcome == "done" and any(map(math.isnan, values)):
            outcome, why = "failed", "no value"
        trial.set_user_attr("outcome", outcome)
        trial.set_user_attr("why", why)
        state = _STATES.get(outcome, TrialState.FAIL)
        self.study.tell(trial, list(values) if outcome == "done" else None, state)

    def best(self) -> list[FrozenTrial]:
        """Return the best trial or, for several quantities, the Pareto-optimal trials."""
        best: list[FrozenTrial] = self.study.best_trials
        return best[:1] if len(self.study.directions) == 1 else best

    def __str__(self) -> str:
        counts = sorted(Counter(self._outcomes()).items())
        summary = ", ".join(f"{count} {outcome}" for outcome, count in counts)
        return f"study {self.name}: {summary or 'no trial so far'}"
