"""One-vs-rest logistic regression by liblinear, as in the official BGRL and GRACE code."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from graphssl.contracts import FloatArray, IntArray
from graphssl.probing.solvers.linear import LinearModels


def fit_one_vs_rest(
    rows: FloatArray, y: IntArray, trains: Sequence[IntArray], C: FloatArray, num_classes: int
) -> LinearModels:
    """Fit ``min C sum log(1 + exp(-s(xw + b))) + (|w|^2 + b^2)/2``, one classifier per class.

    liblinear also penalises the intercept b. The result equals that of scikit-learn's
    ``OneVsRestClassifier`` on one-hot labels to the last digit; as there, a class that a training
    set lacks, or that is its only one, gets a constant answer.

    Args:
        rows: (N, D).
        y: class of every node, (N,), or 0 and 1 for each class, (N, C).
        trains: row ids of each training set.
        C: inverse regularization strengths, (K,).
        num_classes: labels are 0..num_classes-1.

    Returns:
        Models with weight (T, K, C, D) and bias (T, K, C).
    """
    from sklearn.exceptions import ConvergenceWarning  # slow to import, and for probing alone
    from sklearn.linear_model import LogisticRegression

    rows = rows.astype(np.float64, copy=False)
    weight = np.zeros((len(trains), len(C), num_classes, rows.shape[1]))
    bias = np.zeros(weight.shape[:-1])
    for t, train in enumerate(trains):
        x = rows[train]
        for label in range(num_classes):
            target = y[train] == label if y.ndim == 1 else y[train, label] == 1
            if target.all() or not target.any():
                bias[t, :, label] = np.inf if target.all() else -np.inf
                continue
            for k, c in enumerate(C):
                # Published results use liblinear's own limit of 100 iterations. The seed does not
                # matter to this primal solver, but None would advance numpy's global stream.
                model = LogisticRegression(solver="liblinear", C=float(c), random_state=0)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    model.fit(x, target)
                weight[t, k, label] = model.coef_[0]
                bias[t, k, label] = model.intercept_[0]
    return LinearModels(weight, bias, one_vs_rest=True)
