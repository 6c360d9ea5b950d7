"""One cell of a table: the scores of one condition, by pretraining seed and split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from graphssl.report.tables.statistics import spread


@dataclass(frozen=True)
class Cell:
    """Scores of runs that differ only in their seed.

    Attributes:
        scores: seed -> one score per split; a measure without splits has a single one.
        folders: seed -> the run's folder.
        own_split: whether every seed has a different split, since training used labels.
        problem: the reason why there are no scores: ``missing``, ``mixed`` or ``not measured``;
            empty if there are.
        runs: folders of all runs with a score, also of those that repeat another; if there is a
            ``problem``, of all runs that belong here.
    """

    scores: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    folders: Mapping[int, str] = field(default_factory=dict)
    own_split: bool = False
    problem: str = ""
    runs: frozenset[str] = frozenset()

    @cached_property
    def by_seed(self) -> dict[int, float]:
        """Seed -> mean over splits, the unit of every comparison."""
        return {seed: float(np.mean(values)) for seed, values in self.scores.items()}

    @property
    def mean(self) -> float:
        """Mean over splits, then over seeds."""
        return float(np.mean(list(self.by_seed.values())))

    @property
    def std(self) -> float | None:
        """Sample std over the scores of all seeds and splits."""
        return spread([value for values in self.scores.values() for value in values])

    @property
    def seed_std(self) -> float | None:
        """Sample std over seeds of the mean over splits."""
        return spread(list(self.by_seed.values()))

    @property
    def split_std(self) -> float | None:
        """Sample std over splits of the mean over seeds; None if splits differ between seeds."""
        if self.own_split or len({len(values) for values in self.scores.values()}) != 1:
            return None
        return spread(list(np.mean(list(self.scores.values()), axis=0)))
