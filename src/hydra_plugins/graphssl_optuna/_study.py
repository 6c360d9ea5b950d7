"""A study in the folder of runs that several processes share and that survives their end."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock, Timeout
from optuna.distributions import BaseDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from graphssl.errors import ConfigError


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
        grid: all trials in order, or None if the sampler chooses them.

    Raises:
        ConfigError: the existing study describes another search.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        asked: Mapping[str, Any],
        directions: Sequence[str],
        sampler: Any,
        n_trials: int,
        grid: Iterable[Mapping[str, Any]] | None = None,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.name, self.n_trials = folder, name, n_trials
        self.lock = FileLock(folder / f"{name}.lock")
        with self.lock:
            worker = len(list(folder.glob(f"{name}.worker*.lock")))
            self.worker = FileLock(folder / f"{name}.worker{worker}.lock")
            self.worker.acquire()
            if isinstance(sampler, partial):
                seed = sampler.keywords.get("seed")
                sampler = sampler() if seed is None else sampler(seed=seed + worker)
            self.study = optuna.create_study(
                study_name=name, storage=journal(folder, name), sampler=sampler,
                directions=directions, load_if_exists=True,
            )  # fmt: skip
            before = self.study.user_attrs.setdefault("asked", json.loads(json.dumps(asked)))
            if before != json.loads(json.dumps(asked)):
                differ = [key for key in before if before[key] != asked.get(key)]
                raise ConfigError(
                    f"hydra.sweeper.study_name={name} is another search: {', '.join(differ)} "
                    "differ; choose another name"
                )
            self.study.set_user_attr("asked", asked)
            new = not self.study.trials
            for params in grid or ():
                if new:
                    self.study.enqueue_trial(dict(params))
            self._put_back_lost()

    def _put_back_lost(self) -> None:
        """Enqueue the trials of dead workers again; their runs resume from their checkpoints."""
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            try:
                with FileLock(self.folder / trial.user_attrs["worker"], timeout=0):
                    self._end(trial, TrialState.FAIL, "lost")
                    self.study.enqueue_trial(trial.params)
            except Timeout:
                continue

    def left(self) -> int:
        """Return the number of trials that have not started."""
        begun = [
            t
            for t in self.study.get_trials(deepcopy=False)
            if t.state != TrialState.WAITING and t.user_attrs.get("outcome") != "lost"
        ]
        return max(0, self.n_trials - len(begun))

    def ask(self, count: int, space: dict[str, BaseDistribution]) -> list[Trial]:
        """Assign up to ``count`` trials to this worker."""
        with self.lock:
            trials = []
            for _ in range(min(count, self.left())):
                trials.append(self.study.ask(space))
                trials[-1].set_user_attr("worker", Path(self.worker.lock_file).name)
        return trials

    def tell(self, trial: Trial, outcome: str, why: str, values: Sequence[float]) -> None:
        """End ``trial``, with ``values`` only if it is ``done`` and none of them is NaN.

        A trial that failed, was skipped or lacks a value counts as failed, so that it is never the
        best, whatever the direction.
        """
        if outcome == "done" and any(map(math.isnan, values)):
            outcome, why = "failed", "no value"
        if outcome == "done":
            trial.set_user_attr("outcome", outcome)
            self.study.tell(trial, list(values))
        else:
            state = TrialState.PRUNED if outcome == "pruned" else TrialState.FAIL
            self._end(trial, state, outcome, why)

    def _end(
        self, trial: Trial | FrozenTrial, state: TrialState, outcome: str, why: str = ""
    ) -> None:
        storage = self.study._storage
        storage.set_trial_user_attr(trial._trial_id, "outcome", outcome)
        storage.set_trial_user_attr(trial._trial_id, "why", why)
        self.study.tell(trial.number, state=state)

    def best(self) -> list[FrozenTrial]:
        """Return the best trial or, for several quantities, the Pareto-optimal trials."""
        if not self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            return []
        one = len(self.study.directions) == 1
        return [self.study.best_trial] if one else self.study.best_trials

    def __str__(self) -> str:
        counts = Counter(
            t.user_attrs.get("outcome", "at work")
            for t in self.study.get_trials(deepcopy=False)
            if t.state != TrialState.WAITING
        )
        summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        return f"study {self.name}: {summary or 'no trial so far'}"
