"""Logistic regression on standardised columns, instead of rows of unit length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphssl.contracts import FloatArray, IntArray, ProbeScores, Split
from graphssl.probing.metrics import measure, together
from graphssl.probing.node_probe import NodeProbe
from graphssl.probing.selection import select_on_validation
from graphssl.probing.solvers.choose import Solver, choose_solver, powers_of_two
from graphssl.probing.solvers.linear import checked_rows
from graphssl.probing.splits import require_parts


class Standardized(NodeProbe):
    """Multinomial logistic regression on columns of mean 0 and standard deviation 1.

    Mean and (biased) standard deviation are those of the split's training nodes; a constant column
    becomes 0. C is chosen on the validation nodes, the smallest of equally good ones.

    Args:
        name: printed with every number.
        log2_C: first and last exponent of the grid of C.
        solver: ``sklearn`` or ``batched``.
        device: device of ``batched``.
        splits: arguments of ``NodeProbe``.

    Raises:
        ConfigError: an argument is unknown or out of range.

    Example:
        >>> Standardized("standardized", log2_C=[-2, 2], num_splits=3).name
        'standardized'
    """

    def __init__(
        self,
        name: str,
        log2_C: Sequence[int],
        solver: Solver = "batched",
        device: str = "cpu",
        **splits: Any,
    ) -> None:
        super().__init__(name, **splits)
        self._C = powers_of_two(log2_C)
        self._solver, self._fit = choose_solver("multinomial", solver, device)

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit on the training nodes with the C that is best on the validation nodes.

        Raises:
            DataError: the embeddings cannot be probed, or a split lacks nodes.
        """
        require_parts(self.name, splits, "train", "val", "test")
        embeddings = checked_rows(embeddings, y)
        val: list[dict[str, float]] = []
        test: list[dict[str, float]] = []
        chosen: list[float] = []
        for split in splits:
            rows = standardized(embeddings, split.train)
            best = select_on_validation(rows, y, [split], self._C, self._fit)
            for found, nodes in ((val, split.val), (test, split.test)):
                found.append({m: v[0] for m, v in measure(best.models, rows, y, [nodes]).items()})
            chosen += best.C
        return ProbeScores(
            self.name, self._solver, "accuracy", together(test), together(val), chosen, seed
        )


def standardized(rows: FloatArray, nodes: IntArray) -> FloatArray:
    """Standardise the columns of ``rows`` (N, D) by mean and std over ``nodes``, in their dtype.

    Example:
        >>> standardized(np.array([[0.0, 5.0], [2.0, 5.0], [4.0, 5.0]]), np.array([0, 1])).tolist()
        [[-1.0, 0.0], [1.0, 0.0], [3.0, 0.0]]
    """
    exact = rows.astype(np.float64)
    mean, std = exact[nodes].mean(axis=0), exact[nodes].std(axis=0)
    varies = std > np.finfo(rows.dtype).eps * np.abs(mean)  # else its variance is rounding
    scaled = (exact - mean) / np.where(varies, std, 1)
    return np.asarray(np.where(varies, scaled, 0), dtype=rows.dtype)
