"""Kinds of probe protocols; a published one is a yaml of conf/probe that fixes the arguments.

All fit logistic regression on L2-normalised rows, one-vs-rest if nodes have several labels. They
share these arguments:
    name: printed with every number.
    solver: ``sklearn``, or ``batched`` for the same objective in torch.
    log2_C: first and last exponent of the grid of C, all powers of two in between included.
    device: device of ``batched``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from graphssl.checks import one_of
from graphssl.contracts import FloatArray, IntArray, NodeDataset, ProbeScores, Split
from graphssl.errors import ConfigError, DataError
from graphssl.probing.metrics import measure
from graphssl.probing.selection import FOLDS, Folds, select_by_folds, select_on_validation
from graphssl.probing.solvers.choose import Classifier, Solver, choose_solver, powers_of_two
from graphssl.probing.solvers.linear import normalized_rows
from graphssl.probing.splits import (
    check_ratios,
    given_splits,
    random_splits,
    require_classes,
    require_parts,
)


class CrossValidatedSplits:
    """Random splits without validation nodes; C is chosen by folds of the training nodes.

    The classifiers are one-vs-rest. With 20 % for training and ``shuffle_split`` folds this is
    BGRL's own evaluation (nerdslab/bgrl, logistic_regression_eval.py); with 10 % and ``k_fold`` it
    is GRACE's (CRIPAC-DIG/GRACE, eval.py).

    Args:
        name: printed with every number.
        num_splits: number of random splits, the repetitions in published numbers.
        train_ratio: share of the training nodes; all others are test nodes.
        folds: ``shuffle_split`` or ``k_fold``, see ``select_by_folds``.
        log2_C: first and last exponent of the grid of C.
        solver: ``sklearn`` or ``batched``.
        device: device of ``batched``.

    Raises:
        ConfigError: an argument is unknown or out of range.

    Example:
        >>> protocol = CrossValidatedSplits("demo", 2, 0.5, "k_fold", log2_C=(-2, 2))
        >>> protocol.name, protocol.has_validation
        ('demo', False)
    """

    has_validation = False

    def __init__(
        self,
        name: str,
        num_splits: int,
        train_ratio: float,
        folds: Folds,
        log2_C: Sequence[int],
        solver: Solver = "sklearn",
        device: str = "cpu",
    ) -> None:
        one_of("folds", folds, get_args(Folds))
        check_ratios(num_splits, train_ratio, 0.0)
        self.name = name
        self._num_splits, self._train_ratio, self._folds = num_splits, train_ratio, folds
        self._C = powers_of_two(log2_C)
        self._solver, self._fit = choose_solver("one_vs_rest", solver, device)

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Draw random splits; see ``random_splits``.

        Raises:
            DataError: there are too few training nodes for the inner folds, or a class has none.
        """
        drawn = random_splits(len(dataset.y), self._train_ratio, 0.0, self._num_splits, seed)
        if self._folds == "k_fold" and (size := len(drawn[0].train)) < FOLDS:
            raise DataError(
                f"{self.name} chooses C by {FOLDS} folds of the training nodes, but "
                f"{dataset.name} has {size} (train_ratio={self._train_ratio}); protocols that "
                "work: bgrl_official, random_10_10_80"
            )
        return require_classes(dataset, drawn)

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Choose C by folds of the training nodes, then fit on all; ``seed`` draws the folds."""
        require_parts(self.name, splits, "train", "test")
        rows = normalized_rows(embeddings, y)
        metric = "micro_f1" if y.ndim == 2 else "accuracy"
        chosen = select_by_folds(rows, y, splits, self._C, self._fit, self._folds, seed)
        test = measure(chosen.models, rows, y, [split.test for split in splits])
        return ProbeScores(self.name, self._solver, metric, test, {}, chosen.C, seed)


class _ValidatedSplits:
    has_validation = True

    def __init__(
        self, name: str, classifier: Classifier, log2_C: Sequence[int], solver: Solver, device: str
    ) -> None:
        self.name = name
        self._C = powers_of_two(log2_C)
        self._solver, self._fit = choose_solver(classifier, solver, device)
        # No class excludes another one if nodes have several labels.
        self._one_vs_rest = choose_solver("one_vs_rest", solver, device)

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit on the training nodes with the C that is best on the validation nodes."""
        require_parts(self.name, splits, "train", "val", "test")
        rows = normalized_rows(embeddings, y)
        solver, fit, metric = self._solver, self._fit, "accuracy"
        if y.ndim == 2:
            (solver, fit), metric = self._one_vs_rest, "micro_f1"
        chosen = select_on_validation(rows, y, splits, self._C, fit)
        test = measure(chosen.models, rows, y, [split.test for split in splits])
        val = measure(chosen.models, rows, y, [split.val for split in splits])
        return ProbeScores(self.name, solver, metric, test, val, chosen.C, seed)


class GivenSplits(_ValidatedSplits):
    """Splits that come with the data as masks; C is chosen on the validation nodes.

    Args:
        name: printed with every number.
        log2_C: first and last exponent of the grid of C.
        classifier: ``multinomial``, or ``one_vs_rest`` as in BGRL's code for WikiCS.
        solver: ``sklearn`` or ``batched``.
        device: device of ``batched``.

    Raises:
        ConfigError: an argument is unknown or out of range.
    """

    def __init__(
        self,
        name: str,
        log2_C: Sequence[int],
        classifier: Classifier = "multinomial",
        solver: Solver = "batched",
        device: str = "cpu",
    ) -> None:
        super().__init__(name, classifier, log2_C, solver, device)

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Return one split per column of the masks; ``seed`` is not used."""
        return require_classes(dataset, given_splits(dataset, self.name))


class RandomSplits(_ValidatedSplits):
    """Random splits with validation nodes, on which C is chosen; multinomial.

    Args:
        name: printed with every number.
        num_splits: number of random splits.
        train_ratio: share of the training nodes.
        val_ratio: share of the validation nodes; the rest are test nodes.
        log2_C: first and last exponent of the grid of C.
        solver: ``sklearn`` or ``batched``.
        device: device of ``batched``.

    Raises:
        ConfigError: an argument is unknown or out of range.
    """

    def __init__(
        self,
        name: str,
        num_splits: int,
        train_ratio: float,
        val_ratio: float,
        log2_C: Sequence[int],
        solver: Solver = "batched",
        device: str = "cpu",
    ) -> None:
        super().__init__(name, "multinomial", log2_C, solver, device)
        if val_ratio <= 0:
            raise ConfigError(
                f"{name} chooses C on validation nodes: val_ratio must be above 0, got {val_ratio}"
            )
        check_ratios(num_splits, train_ratio, val_ratio)
        self._num_splits, self._ratios = num_splits, (train_ratio, val_ratio)

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Draw random splits; see ``random_splits``.

        Raises:
            DataError: a part would be empty, or a class has no training node.
        """
        drawn = random_splits(len(dataset.y), *self._ratios, self._num_splits, seed)
        return require_classes(dataset, drawn)
