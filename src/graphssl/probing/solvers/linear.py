"""Fitted linear classifiers, and the normalised rows to which they are fitted.

Shapes: T training sets, K values of C, C classes, D dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from graphssl.contracts import FloatArray, IntArray
from graphssl.errors import DataError


@dataclass(frozen=True, eq=False)
class LinearModels:
    """One linear classifier per training set and value of C: ``scores = x W^T + b``.

    Attributes:
        weight: (T, K, C, D).
        bias: (T, K, C).
        one_vs_rest: whether a score is the log-odds of its class against the rest, instead of a
            softmax logit.
    """

    weight: FloatArray
    bias: FloatArray
    one_vs_rest: bool

    def scores(self, t: int, rows: FloatArray) -> FloatArray:
        """Score ``rows`` (n, D) with the models of training set ``t``, (K, n, C)."""
        products = rows @ self.weight[t].transpose(0, 2, 1)  # (n, D) @ (K, D, C)
        return np.asarray(products + self.bias[t][:, None, :])

    def predict(self, t: int, rows: FloatArray) -> IntArray:
        """Predict the class of largest probability, (K, n)."""
        scores = self.scores(t, rows)
        # Far from 0, probabilities may tie where log-odds do not; published code compares them.
        best: IntArray = (expit(scores) if self.one_vs_rest else scores).argmax(axis=-1)
        return best

    def indicators(self, t: int, rows: FloatArray) -> npt.NDArray[np.bool_]:
        """Mark the classes that are more likely than not, each against the rest, (K, n, C)."""
        return np.asarray(self.scores(t, rows) > 0)


# (rows (N, D), y (N,), ids of each training set, values of C (K,), number of classes) -> models
Fit = Callable[[FloatArray, IntArray, Sequence[IntArray], FloatArray, int], LinearModels]


def checked_rows(embeddings: FloatArray, y: IntArray) -> FloatArray:
    """Return ``embeddings`` (N, D) after checking that they can be probed.

    Raises:
        DataError: ``embeddings`` is not a matrix with one row per label, or a value is not finite.
    """
    if embeddings.ndim != 2 or len(embeddings) != len(y):
        raise DataError(f"embeddings of shape {embeddings.shape} do not fit {len(y)} labels")
    finite = np.isfinite(embeddings).all(axis=1)
    if not finite.all():
        raise DataError(f"embeddings have NaN or infinity in {(~finite).sum()} of {len(y)} rows")
    return embeddings


def normalized_rows(embeddings: FloatArray, y: IntArray) -> FloatArray:
    """Scale the rows of ``embeddings`` (N, D) to unit Euclidean length; zero rows stay zero.

    Raises:
        DataError: as ``checked_rows``.

    Example:
        >>> normalized_rows(np.array([[3.0, 4.0]]), np.array([0])).tolist()
        [[0.6, 0.8]]
    """
    from sklearn.preprocessing import normalize  # slow to import, and for probing alone

    embeddings = checked_rows(embeddings, y)
    # scikit-learn treats rows shorter than 1e-6 as zeros. Powers of two divide exactly.
    _, exponents = np.frexp(np.abs(embeddings).max(axis=1, keepdims=True, initial=0.0))
    return np.asarray(normalize(np.ldexp(embeddings, -exponents)))
