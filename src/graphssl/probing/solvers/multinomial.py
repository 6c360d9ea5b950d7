"""Multinomial logistic regression by scikit-learn's L-BFGS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphssl.contracts import FloatArray, IntArray
from graphssl.probing.solvers.linear import LinearModels


def fit_multinomial(
    rows: FloatArray,
    y: IntArray,
    trains: Sequence[IntArray],
    C: FloatArray,
    num_classes: int,
    *,
    tolerance: float = 1e-6,
) -> LinearModels:
    """Fit ``min C sum cross-entropy + |W|^2 / 2`` with a free intercept, warm-started along C.

    Every class must occur in every training set. With two classes scikit-learn fits one vector w
    with the penalty ``|w|^2 / 2``; it is returned as the pair ``(-w/2, w/2)``, which has the same
    odds. scikit-learn's default tolerance of 1e-4 can stop a third above the optimum if C is large.

    Args:
        rows: (N, D).
        y: class of every node, (N,).
        trains: row ids of each training set.
        C: inverse regularization strengths, (K,).
        num_classes: labels are 0..num_classes-1.
        tolerance: largest gradient entry at which scikit-learn stops.

    Returns:
        Models with weight (T, K, C, D) and bias (T, K, C).
    """
    from sklearn.linear_model import LogisticRegression  # slow to import, and for probing alone

    rows = rows.astype(np.float64, copy=False)
    weight = np.zeros((len(trains), len(C), num_classes, rows.shape[1]))
    bias = np.zeros(weight.shape[:-1])
    for t, train in enumerate(trains):
        model = LogisticRegression(tol=tolerance, max_iter=10_000, warm_start=True)
        for k in np.argsort(C):
            model.set_params(C=float(C[k])).fit(rows[train], y[train])
            coef, intercept = model.coef_, model.intercept_
            if num_classes == 2:
                coef, intercept = (
                    np.vstack([-coef, coef]) / 2,
                    np.hstack([-intercept, intercept]) / 2,
                )
            weight[t, k], bias[t, k] = coef, intercept
    return LinearModels(weight, bias, one_vs_rest=False)
