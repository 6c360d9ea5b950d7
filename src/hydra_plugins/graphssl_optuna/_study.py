"""A study in the folder of runs, which several processes may work on and which none can kill."""

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
    """The storage of study ``name``: one file that processes append to."""
    return JournalStorage(JournalFileBackend(str(folder / f"{name}.journal")))


class SharedStudy:
    """Trials are asked for and told under a lock, each by a worker whose own lock says it lives.

    Args:
        folder: where studies lie.
        name: of the study.
        asked: what the search is about; a study by that name must be about the same.
        directions: one per quantity.
        sampler: Optuna's, or how to make it; its seed moves on with every worker.
        n_trials: of the study in all.
        grid: all there is to try, in order; None where the sampler chooses.

    Raises:
        ConfigError: the study is about something else.
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
        """Trials of workers that died are tried again: their runs go on from their checkpoints."""
        for trial in self.study.get_trials(states=(TrialState.RUNNING,)):
            try:
                with FileLock(self.folder / trial.user_attrs["worker"], timeout=0):
                    self._end(trial, TrialState.FAIL, "lost")
                    self.study.enqueue_trial(trial.params)
            except Timeout:
                continue

    def left(self) -> int:
        """How many trials nobody has begun."""
        begun = [
            t
            for t in self.study.get_trials(deepcopy=False)
            if t.state != TrialState.WAITING and t.user_attrs.get("outcome") != "lost"
        ]
        return max(0, self.n_trials - len(begun))

    def ask(self, count: int, space: dict[str, BaseDistribution]) -> list[Trial]:
        """Up to ``count`` trials that are now this worker's to run."""
        with self.lock:
            trials = []
            for _ in range(min(count, self.left())):
                trials.append(self.study.ask(space))
                trials[-1].set_user_attr("worker", Path(self.worker.lock_file).name)
        return trials

    def tell(self, trial: Trial, outcome: str, why: str, values: Sequence[float]) -> None:
        """End ``trial``: it has a value only if it is ``done`` and every one is a number.

        What failed, was skipped or lacks a value counts as failed, so that it is never the best,
        whatever the direction.
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
        """The best trial; of several quantities those that none is better than in all."""
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
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        return f"study {self.name}: {told or 'no trial so far'}"
