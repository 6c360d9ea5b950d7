"""Classification by the labels of the nearest training nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graphssl.checks import whole_number
from graphssl.contracts import FloatArray, IntArray, NodeDataset, ProbeScores, Split
from graphssl.errors import ConfigError, DataError
from graphssl.probing.metrics import classified, together
from graphssl.probing.node_probe import NodeProbe
from graphssl.probing.solvers.linear import normalized_rows
from graphssl.probing.splits import require_parts


class NearestNeighbors(NodeProbe):
    """The most frequent class among the k training nodes of largest cosine; k by validation.

    Nothing is fitted, so that dimensions count by their scale, as in retrieval. Of equally frequent
    classes the smallest is predicted, as scikit-learn does, and of equally good k the smallest is
    taken.

    Args:
        name: printed with every number.
        k: numbers of neighbours to choose from.
        splits: arguments of ``NodeProbe``.

    Raises:
        ConfigError: an argument is unknown or out of range.

    Example:
        >>> NearestNeighbors("knn", k=[1, 5], num_splits=3).name
        'knn'
    """

    def __init__(self, name: str, k: Sequence[int], **splits: Any) -> None:
        super().__init__(name, **splits)
        if isinstance(k, int | str) or not len(k):
            raise ConfigError(f"k must be a list of whole numbers, [1,5,10], got {k!r}")
        for each in k:
            whole_number("k", each, least=1)
        self._k = sorted(set(k))

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Return the splits of ``dataset``.

        Raises:
            DataError: as ``NodeProbe``, or a split has fewer than k training nodes.
        """
        found = super().splits(dataset, seed)
        self._require_neighbors(found)
        return found

    def _require_neighbors(self, splits: Sequence[Split]) -> None:
        for index, split in enumerate(splits):
            if len(split.train) < self._k[-1]:
                raise DataError(
                    f"{self.name}: k={self._k[-1]} is above the {len(split.train)} training nodes "
                    f"of split {index}: leave it out of probe.protocols.{self.name}.k"
                )

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Predict validation and test nodes with each k; nothing is random.

        Raises:
            DataError: the embeddings cannot be probed, or a split lacks nodes.
        """
        require_parts(self.name, splits, "train", "val", "test")
        self._require_neighbors(splits)
        rows = normalized_rows(embeddings, y)
        val, test, chosen = [], [], []
        for split in splits:
            validated = [classified(y[split.val], *p) for p in self._votes(rows, y, split, "val")]
            best = int(np.argmax([found["accuracy"] for found in validated]))
            val.append(validated[best])
            test.append(classified(y[split.test], *self._votes(rows, y, split, "test")[best]))
            chosen.append(self._k[best])
        return ProbeScores(
            self.name, "nearest neighbours", "accuracy", together(test), together(val), [], seed,
            chosen={"k": chosen},
        )  # fmt: skip

    def _votes(
        self, rows: FloatArray, y: IntArray, split: Split, part: str
    ) -> list[tuple[IntArray, FloatArray]]:
        """Return predictions (n,) and shares of votes (n, C) for each k."""
        from sklearn.neighbors import NearestNeighbors as Index  # slow, and for probing alone

        index = Index(n_neighbors=self._k[-1], metric="cosine", algorithm="brute")
        near = index.fit(rows[split.train]).kneighbors(
            rows[getattr(split, part)], return_distance=False
        )
        labels = y[split.train][near]  # (n, largest k), nearest first
        votes = np.zeros((len(labels), int(y[split.train].max()) + 1))
        found: list[tuple[IntArray, FloatArray]] = []
        for count, column in enumerate(labels.T, start=1):
            votes[np.arange(len(labels)), column] += 1
            if count in self._k:
                found.append((votes.argmax(axis=1), votes / count))
        return found
