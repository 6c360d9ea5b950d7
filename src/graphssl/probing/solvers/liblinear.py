"""One-vs-rest logistic regression by liblinear, as the official BGRL and GRACE code fits it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from graphssl.contracts import FloatArray, IntArray
from graphssl.probing.solvers.linear import LinearModels


def fit_one_vs_rest(
    rows: FloatArray, y: IntArray, trains: Sequence[IntArray], C: FloatArray, num_classes: int
) -> LinearModels:
    """A binary classifier for each class, ``min C sum log(1 + exp(-s(xw + b))) + (|w|^2 + b^2)/2``.

    liblinear penalises the intercept b too. Equal to scikit-learn's ``OneVsRestClassifier`` on
    one-hot labels, to the last digit; a class that a training set lacks (or has alone) gets the
    constant answer there as well.
    """
    rows = rows.astype(np.float64, copy=False)
    weight = np.zeros((len(trains), len(C), num_classes, rows.shape[1]))
    bias = np.zeros(weight.shape[:-1])
    for t, train in enumerate(trains):
        x = rows[train]
        for label in range(num_classes):
            target = y[train] == label
            if target.all() or not target.any():
                bias[t, :, label] = np.inf if target.all() else -np.inf
                continue
            for k, c in enumerate(C):
                # Published results come from liblinear's own limit of 100 iterations. Its seed does
                # not matter to this primal solver, but None would advance numpy's global stream.
                model = LogisticRegression(solver="liblinear", C=float(c), random_state=0)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    model.fit(x, target)
                weight[t, k, label] = model.coef_[0]
                bias[t, k, label] = model.intercept_[0]
    return LinearModels(weight, bias, one_vs_rest=True)
