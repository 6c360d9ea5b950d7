"""Ridge classification: least squares to the classes, as signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphssl.contracts import FloatArray, IntArray, ProbeScores, Split
from graphssl.probing.metrics import classified, together
from graphssl.probing.node_probe import NodeProbe
from graphssl.probing.solvers.choose import powers_of_two
from graphssl.probing.solvers.linear import normalized_rows
from graphssl.probing.splits import require_parts


class Ridge(NodeProbe):
    """scikit-learn's ``RidgeClassifier`` on L2-normalised rows; C = 1 / alpha by validation.

    ``min C sum_i |x_i W + b - t_i|^2 + |W|^2`` with targets t of 1 for the class and -1 for others
    and a free intercept. Of equally good C the smallest is taken.

    Args:
        name: printed with every number.
        log2_C: first and last exponent of the grid of C.
        splits: arguments of ``NodeProbe``.

    Raises:
        ConfigError: an argument is unknown or out of range.

    Example:
        >>> Ridge("ridge", log2_C=[-2, 2], num_splits=3).name
        'ridge'
    """

    def __init__(self, name: str, log2_C: Sequence[int], **splits: Any) -> None:
        super().__init__(name, **splits)
        self._C = powers_of_two(log2_C)

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit on the training nodes with the C that is best on the validation nodes.

        Raises:
            DataError: the embeddings cannot be probed, or a split lacks nodes.
        """
        from sklearn.linear_model import RidgeClassifier  # slow to import, and for probing alone

        require_parts(self.name, splits, "train", "val", "test")
        rows = normalized_rows(embeddings, y).astype(np.float64, copy=False)
        val, test, chosen = [], [], []
        for split in splits:
            x, labels = rows[split.train], y[split.train]
            models = [RidgeClassifier(alpha=1 / c).fit(x, labels) for c in self._C]
            validated = [_scored(model, rows, y, split.val) for model in models]
            best = int(np.argmax([found["accuracy"] for found in validated]))
            val.append(validated[best])
            test.append(_scored(models[best], rows, y, split.test))
            chosen.append(float(self._C[best]))
        return ProbeScores(
            self.name, "ridge", "accuracy", together(test), together(val), chosen, seed
        )


def _scored(model: Any, rows: FloatArray, y: IntArray, nodes: IntArray) -> dict[str, float]:
    scores = model.decision_function(rows[nodes])
    both = np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores  # (n, C)
    return classified(y[nodes], model.predict(rows[nodes]), both)
