"""Agreement of k-means clusters with the classes; no label is used to find them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from graphssl.checks import whole_number
from graphssl.contracts import FloatArray, IntArray, NodeDataset, ProbeScores, Split
from graphssl.probing.metrics import together
from graphssl.probing.solvers.linear import normalized_rows
from graphssl.probing.splits import require_one_label, require_parts, require_two_classes


class KMeansClusters:
    """scikit-learn's k-means on L2-normalised rows, with as many clusters as classes.

    The best of ``restarts`` runs by inertia is compared with the classes: normalised mutual
    information (arithmetic mean of the entropies) and the adjusted Rand index, which is 0 on
    average for random clusters and may be negative.

    Args:
        name: printed with every number.
        restarts: k-means++ initialisations.

    Raises:
        ConfigError: ``restarts`` is not a whole number above 0.

    Example:
        >>> KMeansClusters("kmeans").has_validation
        False
    """

    has_validation: ClassVar[bool] = False

    def __init__(self, name: str, restarts: int = 10) -> None:
        whole_number("restarts", restarts, least=1)
        self.name, self._restarts = name, restarts

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Return one split, in which every labelled node is a test node.

        Raises:
            DataError: all nodes are of one class, or have several labels.
        """
        require_one_label(dataset, self.name)
        require_two_classes(dataset)
        none = np.arange(0)
        return [Split(none, none, np.flatnonzero(dataset.y.numpy(force=True) >= 0))]

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Cluster the test nodes of each split; ``seed`` draws the initialisations.

        Raises:
            DataError: the embeddings cannot be probed, or a split has no test nodes.
        """
        from sklearn.cluster import KMeans  # slow to import, and for probing alone
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        require_parts(self.name, splits, "test")
        rows, found = normalized_rows(embeddings, y), []
        for split in splits:
            labels = y[split.test]
            clusters = len(np.unique(labels))
            model = KMeans(clusters, n_init=self._restarts, random_state=seed % 2**32)
            with warnings.catch_warnings():
                # a collapsed embedding may have fewer distinct rows than clusters
                warnings.simplefilter("ignore", ConvergenceWarning)
                assigned = model.fit_predict(rows[split.test])
            nmi = float(normalized_mutual_info_score(labels, assigned))
            found.append({"nmi": nmi, "ari": float(adjusted_rand_score(labels, assigned))})
        return ProbeScores(self.name, "k-means", "nmi", together(found), {}, [], seed)
