"""Classification from a few labelled nodes per class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from graphssl.checks import number, whole_number
from graphssl.contracts import FloatArray, IntArray, NodeDataset, ProbeScores, Split
from graphssl.errors import DataError
from graphssl.probing.metrics import measure
from graphssl.probing.solvers.choose import Solver, choose_solver
from graphssl.probing.solvers.linear import normalized_rows
from graphssl.probing.splits import (
    MAX_SPLITS,
    require_one_label,
    require_parts,
    require_two_classes,
)


class FewShot:
    """Logistic regression on ``shots`` training nodes per class; all others are test nodes.

    Rows are L2-normalised. There are too few labels to choose C, so it is fixed.

    Args:
        name: printed with every number.
        shots: training nodes per class.
        num_splits: number of draws of the training nodes.
        C: inverse regularization strength.
        solver: ``sklearn`` or ``batched``.
        device: device of ``batched``.

    Raises:
        ConfigError: an argument is unknown or out of range.

    Example:
        >>> FewShot("few_shot", shots=5).has_validation
        False
    """

    has_validation: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        shots: int,
        num_splits: int = 50,
        C: float = 1.0,
        solver: Solver = "batched",
        device: str = "cpu",
    ) -> None:
        whole_number("shots", shots, least=1)
        whole_number("num_splits", num_splits, least=1, most=MAX_SPLITS)
        number("C", C, above=0)
        self.name, self._shots, self._num_splits, self._C = name, shots, num_splits, C
        self._solver, self._fit = choose_solver("multinomial", solver, device)

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Draw ``shots`` nodes of each class, ``num_splits`` times from one stream.

        Raises:
            DataError: a class has too few nodes for one to be left for testing, there is only one
                class, or nodes have several labels.
        """
        require_one_label(dataset, self.name)
        require_two_classes(dataset)
        y = dataset.y.numpy(force=True)
        members = [np.flatnonzero(y == c) for c in range(dataset.num_classes)]
        for label, nodes in enumerate(members):
            if len(nodes) <= self._shots:
                raise DataError(
                    f"{self.name}: shots={self._shots} of the {len(nodes)} nodes of class {label} "
                    f"of {dataset.name} leave none for testing: lower "
                    f"probe.protocols.{self.name}.shots"
                )
        rng, labelled = np.random.default_rng(seed), np.flatnonzero(y >= 0)
        splits = []
        for _ in range(self._num_splits):
            drawn = [rng.choice(nodes, self._shots, replace=False) for nodes in members]
            train = np.concatenate(drawn)
            splits.append(Split(train, np.arange(0), np.setdiff1d(labelled, train)))
        return splits

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit on the training nodes of each split; nothing is chosen and nothing is random.

        Raises:
            DataError: the embeddings cannot be probed, or a split lacks nodes.
        """
        require_parts(self.name, splits, "train", "test")
        rows = normalized_rows(embeddings, y)
        trains = [split.train for split in splits]
        num_classes = int(max(y[train].max() for train in trains)) + 1
        models = self._fit(rows, y, trains, np.array([self._C]), num_classes)
        test = measure(models, rows, y, [split.test for split in splits])
        C = [float(self._C)] * len(splits)
        return ProbeScores(self.name, self._solver, "accuracy", test, {}, C, seed)
