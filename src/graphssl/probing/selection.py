"""Choice of C without test labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from graphssl.contracts import FloatArray, IntArray, Split
from graphssl.probing.metrics import micro_f1
from graphssl.probing.solvers.linear import Fit, LinearModels

Folds = Literal["shuffle_split", "k_fold"]
FOLDS = 5


class Selection(NamedTuple):
    """The chosen classifier of each split.

    Attributes:
        C: chosen values, one per split.
        models: (S, 1, C, D), fitted on the training nodes with that value.
    """

    C: list[float]
    models: LinearModels


def select_on_validation(
    rows: FloatArray, y: IntArray, splits: Sequence[Split], C: FloatArray, fit: Fit
) -> Selection:
    """Fit on the training nodes; keep the C, the smallest if tied, that validates best.

    The measure is accuracy, or micro-F1 if nodes have several labels.
    """
    models = fit(rows, y, [split.train for split in splits], C, _num_classes(y, splits))
    quality = _micro_f1 if y.ndim == 2 else _accuracy
    validated = np.array(
        [quality(models, s, rows[split.val], y[split.val]) for s, split in enumerate(splits)]
    )  # (S, K)
    best = validated.argmax(axis=1)
    every = np.arange(len(splits))
    return Selection(
        C=C[best].tolist(),
        models=LinearModels(
            models.weight[every, best][:, None],
            models.bias[every, best][:, None],
            models.one_vs_rest,
        ),
    )


def select_by_folds(
    rows: FloatArray,
    y: IntArray,
    splits: Sequence[Split],
    C: FloatArray,
    fit: Fit,
    folds: Folds,
    seed: int,
) -> Selection:
    """Choose C by five inner folds of the training nodes, then fit on all of them.

    The score of a fold is the subset accuracy of the one-vs-rest indicators: a node counts as
    correct if its class, and no other, is more likely than not; or the micro-F1 of the indicators
    if nodes have several labels. The folds are ``shuffle_split``
    (half for fitting, half for scoring, seeded with ``seed``) or ``k_fold`` (five contiguous
    fifths; training nodes of random splits are in random order). Every split uses the same fold
    positions, so its score does not depend on the other splits.
    """
    from sklearn.model_selection import KFold, ShuffleSplit  # slow, for probing alone

    num_classes = _num_classes(y, splits)
    quality = _micro_f1 if y.ndim == 2 else _subset_accuracy
    chosen, models = [], []
    for split in splits:
        inner = (
            KFold(FOLDS)
            if folds == "k_fold"
            else ShuffleSplit(FOLDS, test_size=0.5, random_state=seed)
        )
        parts = [(split.train[a], split.train[b]) for a, b in inner.split(split.train)]
        fitted = fit(rows, y, [train for train, _ in parts], C, num_classes)
        held_out = np.array(
            [quality(fitted, f, rows[held], y[held]) for f, (_, held) in enumerate(parts)]
        )  # (5, K)
        best = C[[held_out.mean(axis=0).argmax()]]
        models.append(fit(rows, y, [split.train], best, num_classes))
        chosen.append(float(best[0]))
    joined = LinearModels(
        np.concatenate([model.weight for model in models]),
        np.concatenate([model.bias for model in models]),
        models[0].one_vs_rest,
    )
    return Selection(chosen, joined)


def _num_classes(y: IntArray, splits: Sequence[Split]) -> int:
    if y.ndim == 2:
        return int(y.shape[1])
    return int(max(y[split.train].max() for split in splits)) + 1


# Quality of the models of training set t on rows (n, D) with labels y, one value per C, (K,).


def _accuracy(models: LinearModels, t: int, rows: FloatArray, y: IntArray) -> FloatArray:
    return np.asarray((models.predict(t, rows) == y).mean(axis=1))


def _subset_accuracy(models: LinearModels, t: int, rows: FloatArray, y: IntArray) -> FloatArray:
    wanted = np.eye(models.weight.shape[2], dtype=bool)[y]  # (n, C)
    return np.asarray((models.indicators(t, rows) == wanted).all(axis=2).mean(axis=1))


def _micro_f1(models: LinearModels, t: int, rows: FloatArray, y: IntArray) -> FloatArray:
    return np.array([micro_f1(y, predicted) for predicted in models.indicators(t, rows)])
