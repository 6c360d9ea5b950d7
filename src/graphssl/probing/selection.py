"""Choice of C without test labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from graphssl.contracts import FloatArray, IntArray, Split
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
    """Fit on the training nodes; keep the C, the smallest if tied, that validates best."""
    models = fit(rows, y, [split.train for split in splits], C, _num_classes(y, splits))
    accuracy = np.array(
        [
            (models.predict(s, rows[split.val]) == y[split.val]).mean(axis=1)
            for s, split in enumerate(splits)
        ]
    )  # (S, K)
    best = accuracy.argmax(axis=1)
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
    correct if its class, and no other, is more likely than not. The folds are ``shuffle_split``
    (half for fitting, half for scoring, seeded with ``seed``) or ``k_fold`` (five contiguous
    fifths; training nodes of random splits are in random order). Every split uses the same fold
    positions, so its score does not depend on the other splits.
    """
    from sklearn.model_selection import KFold, ShuffleSplit  # slow, for probing alone

    num_classes = _num_classes(y, splits)
    chosen, models = [], []
    for split in splits:
        inner = (
            KFold(FOLDS)
            if folds == "k_fold"
            else ShuffleSplit(FOLDS, test_size=0.5, random_state=seed)
        )
        parts = [(split.train[a], split.train[b]) for a, b in inner.split(split.train)]
        fitted = fit(rows, y, [train for train, _ in parts], C, num_classes)
        accuracy = np.array(
            [
                (fitted.indicators(f, rows[held]) == np.eye(num_classes, dtype=bool)[y[held]])
                .all(axis=2)
                .mean(axis=1)
                for f, (_, held) in enumerate(parts)
            ]
        )  # (5, K)
        best = C[[accuracy.mean(axis=0).argmax()]]
        models.append(fit(rows, y, [split.train], best, num_classes))
        chosen.append(float(best[0]))
    joined = LinearModels(
        np.concatenate([model.weight for model in models]),
        np.concatenate([model.bias for model in models]),
        models[0].one_vs_rest,
    )
    return Selection(chosen, joined)


def _num_classes(y: IntArray, splits: Sequence[Split]) -> int:
    return int(max(y[split.train].max() for split in splits)) + 1
