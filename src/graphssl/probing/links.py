"""Prediction of edges that were held out before pretraining."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from graphssl.checks import number, whole_number
from graphssl.contracts import FloatArray, IntArray, NodeDataset, ProbeScores, Split
from graphssl.data.node_pairs import pairs_without_edge, undirected_pairs
from graphssl.errors import DataError
from graphssl.probing.metrics import roc_auc, together
from graphssl.probing.solvers.choose import Solver, choose_solver, powers_of_two
from graphssl.probing.solvers.linear import LinearModels, normalized_rows
from graphssl.probing.splits import MAX_SPLITS, require_parts

# Training edges are a random subset of this size: more change the classifier little, and the
# products of their rows take D numbers each.
MAX_TRAINING_EDGES = 10_000
HITS = 50
_PAIRS = 2**16  # pairs whose products are held at a time


class LinkPrediction:
    """Logistic regression on the products of the rows of two nodes: does an edge join them?

    The products ``u_i * u_j`` of L2-normalised rows are standardised over the training pairs. Of
    the edges that were held out before pretraining (``dataset.held_out_edges``), ``val_ratio`` are
    for choosing C by ROC AUC, the smallest of equally good ones, and the others for testing.
    Training edges are those of the graph, at most 10,000. Each part has as many pairs without an
    edge as edges. Such pairs are filtered: neither the graph nor any held-out edge joins them, and
    no two parts share one.

    Metrics: ``link_auc``, ROC AUC; ``link_ap``, average precision; ``hits_at_50``, the share of
    edges that score above the 50th highest pair without an edge, left out with fewer than 50.

    Args:
        name: printed with every number.
        num_splits: number of random divisions of the held-out edges, with new pairs each.
        val_ratio: share of the validation edges among the held-out ones.
        log2_C: first and last exponent of the grid of C.
        solver: ``sklearn`` or ``batched``.
        device: device of ``batched``.

    Raises:
        ConfigError: an argument is unknown or out of range.

    Example:
        >>> LinkPrediction("links", num_splits=2, val_ratio=0.3, log2_C=[-2, 2]).name
        'links'
    """

    # of nodes: its validation edges choose C only
    has_validation: ClassVar[bool] = False
    uses_labels: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        num_splits: int,
        val_ratio: float,
        log2_C: Sequence[int],
        solver: Solver = "batched",
        device: str = "cpu",
    ) -> None:
        whole_number("num_splits", num_splits, least=1, most=MAX_SPLITS)
        number("val_ratio", val_ratio, above=0, below=1)
        self.name, self._num_splits, self._val_ratio = name, num_splits, val_ratio
        self._C = powers_of_two(log2_C)
        self._solver, self._fit = choose_solver("multinomial", solver, device)

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Divide the held-out edges and draw pairs without an edge.

        Returns:
            Splits whose parts are pairs, (n, 3): edges first, then as many others.

        Raises:
            DataError: no edge was held out, or there are too few edges or other pairs.
        """
        if dataset.held_out_edges is None:
            raise DataError(
                f"{self.name} needs edges that pretraining does not see, but none of "
                f"{dataset.name} were held out: set dataset.held_out_edges=0.15"
            )
        held = dataset.held_out_edges.numpy(force=True)
        known = undirected_pairs(dataset.graph.edge_index).numpy(force=True)
        taken, num_val = np.concatenate([known, held], axis=1), int(self._val_ratio * held.shape[1])
        if not 0 < num_val < held.shape[1] or not known.shape[1]:
            raise DataError(
                f"{self.name}: {held.shape[1]} held-out edges of {dataset.name} are too few for "
                f"val_ratio={self._val_ratio}: raise dataset.held_out_edges"
            )
        rng, splits = np.random.default_rng(seed), []
        for _ in range(self._num_splits):
            order = rng.permutation(held.shape[1])
            train = known[:, rng.permutation(known.shape[1])[:MAX_TRAINING_EDGES]]
            edges = [train, held[:, order[:num_val]], held[:, order[num_val:]]]
            sizes = [part.shape[1] for part in edges]
            nodes = dataset.graph.num_nodes
            drawn = pairs_without_edge(taken, nodes, sum(sizes), int(rng.integers(2**63)))
            others = np.split(drawn, np.cumsum(sizes)[:-1], axis=1)
            splits.append(Split(*map(_labelled, edges, others)))
        return splits

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit on the training pairs with the C that is best on the validation pairs.

        Raises:
            DataError: the embeddings cannot be probed, or a split lacks pairs.
        """
        require_parts(self.name, splits, "train", "val", "test")
        rows = normalized_rows(embeddings, y)
        val, test, chosen = [], [], []
        for split in splits:
            i, j, joined = split.train.T
            products = rows[i] * rows[j]
            mean, std = products.mean(axis=0), products.std(axis=0)
            scale = np.where(std > 0, std, 1)
            models = self._fit(
                (products - mean) / scale, joined, [np.arange(len(joined))], self._C, 2
            )
            by_C = _scores(models, rows, split.val, mean, scale)  # (K, n)
            aucs = [roc_auc(split.val[:, 2] == 1, scores) for scores in by_C]
            best = int(np.argmax(aucs))
            val.append(_ranked(split.val[:, 2] == 1, by_C[best]))
            of_test = _scores(models, rows, split.test, mean, scale)[best]
            test.append(_ranked(split.test[:, 2] == 1, of_test))
            chosen.append(float(self._C[best]))
        return ProbeScores(
            self.name, self._solver, "link_auc", together(test), together(val), chosen, seed
        )


def hits_at(positive: FloatArray, negative: FloatArray, k: int) -> float:
    """Compute the share of ``positive`` scores above the k-th highest of ``negative`` ones.

    Source: Hu et al. 2020, arXiv 2005.00687 (the evaluator of OGB's link prediction).

    Args:
        positive: scores of edges, (n,).
        negative: scores of pairs without an edge, (m,), m >= k.
        k: rank, from 1.

    Example:
        >>> hits_at(np.array([0.9, 0.5, 0.1]), np.array([0.4, 0.5, 0.2]), k=2)
        0.6666666666666666
    """
    return float((positive > np.sort(negative)[-k]).mean())


def _ranked(joined: np.ndarray, scores: FloatArray) -> dict[str, float]:
    from sklearn.metrics import average_precision_score  # slow to import, and for probing alone

    ap = float(average_precision_score(joined, scores))
    found = {"link_auc": roc_auc(joined, scores), "link_ap": ap}
    if (~joined).sum() >= HITS:
        found["hits_at_50"] = hits_at(scores[joined], scores[~joined], HITS)
    return found


def _scores(
    models: LinearModels, rows: FloatArray, pairs: IntArray, mean: FloatArray, scale: FloatArray
) -> FloatArray:
    """Score pairs (n, 3) with the models of every C, (K, n), as log-odds of an edge."""
    parts = []
    for start in range(0, len(pairs), _PAIRS):
        i, j, _ = pairs[start : start + _PAIRS].T
        scores = models.scores(0, (rows[i] * rows[j] - mean) / scale)  # (K, n, 2)
        parts.append(scores[..., 1].astype(np.float64) - scores[..., 0])
    return np.concatenate(parts, axis=1)


def _labelled(edges: IntArray, others: IntArray) -> IntArray:
    """Join edges (2, n) and other pairs (2, m) to rows (i, j, whether an edge), (n + m, 3)."""
    joined = np.repeat([1, 0], [edges.shape[1], others.shape[1]])
    return np.concatenate([np.concatenate([edges, others], axis=1), joined[None]]).T
