"""Metrics of classified nodes: accuracy, macro-F1, ROC AUC with two classes.

With several labels per node, micro-F1 alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from graphssl.checks import one_of
from graphssl.contracts import FloatArray, IntArray, NodeDataset, Split
from graphssl.errors import ConfigError, DataError
from graphssl.metric_names import METRICS
from graphssl.probing.solvers.linear import LinearModels


def measure(
    models: LinearModels, rows: FloatArray, y: IntArray, nodes: Sequence[IntArray]
) -> dict[str, list[float]]:
    """Score the one classifier of every split s on ``nodes[s]``.

    ROC AUC uses the difference of the two classes' scores. It is left out if there are more than
    two classes, or if all nodes of a split are of one class. Of nodes with several labels the
    metric is micro-F1; a class is predicted if it is more likely than not.

    Args:
        models: one classifier per split, (S, 1, C, D).
        rows: (N, D), as for fitting.
        y: class of every node, (N,), or 0 and 1 for each class, (N, C).
        nodes: node ids of each split.

    Returns:
        Metric -> one value per split, in [0, 1].
    """
    if y.ndim == 2:
        predictions = [models.indicators(s, rows[ids])[0] for s, ids in enumerate(nodes)]
        return {"micro_f1": [micro_f1(y[i], p) for i, p in zip(nodes, predictions, strict=True)]}
    return together(
        [
            classified(y[ids], models.predict(s, rows[ids])[0], models.scores(s, rows[ids])[0])
            for s, ids in enumerate(nodes)
        ]
    )


def classified(y: IntArray, predicted: IntArray, scores: FloatArray) -> dict[str, float]:
    """Compute the metrics of one split: accuracy, macro-F1 and, where it has a value, ROC AUC.

    Args:
        y: classes, (n,).
        predicted: predicted classes, (n,).
        scores: scores of the classes, (n, C).

    Example:
        >>> classified(np.array([0, 1]), np.array([0, 1]), np.eye(2))
        {'accuracy': 1.0, 'macro_f1': 1.0, 'roc_auc': 1.0}
    """
    found = {"accuracy": float((predicted == y).mean()), "macro_f1": macro_f1(y, predicted)}
    if scores.shape[1] == 2 and 0 < y.mean() < 1:
        exact = scores.astype(np.float64)
        found["roc_auc"] = roc_auc(y == 1, exact[:, 1] - exact[:, 0])
    return found


def together(found: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Turn one mapping per split into one list per metric that every split has.

    Example:
        >>> together([{"nmi": 0.5, "ari": 0.2}, {"nmi": 0.6}])
        {'nmi': [0.5, 0.6]}
    """
    return {m: [one[m] for one in found] for m in found[0] if all(m in one for one in found)}


def macro_f1(y: IntArray, predicted: IntArray) -> float:
    """Compute the mean of ``2 TP / (2 TP + FP + FN)`` over the classes that occur in either array.

    Args:
        y: (n,).
        predicted: (n,).

    Example:
        >>> macro_f1(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]))
        1.0
    """
    size = int(max(y.max(), predicted.max())) + 1
    hits = np.bincount(y[y == predicted], minlength=size)  # (C,), true positives
    # (C,), 2 TP + FP + FN
    both = np.bincount(y, minlength=size) + np.bincount(predicted, minlength=size)
    return float((2 * hits[both > 0] / both[both > 0]).mean())


def micro_f1(y: IntArray, predicted: np.ndarray) -> float:
    """Compute ``2 TP / (2 TP + FP + FN)``, counted over all nodes and classes; 0 if that is 0 / 0.

    Args:
        y: (n, C), 0 and 1.
        predicted: (n, C), bool.

    Example:
        >>> micro_f1(np.array([[1, 1, 0]]), np.array([[True, False, False]])).__round__(3)
        0.667
    """
    hits, both = int((y * predicted).sum()), int(y.sum() + predicted.sum())
    return 2 * hits / both if both else 0.0


def roc_auc(positive: np.ndarray, scores: FloatArray) -> float:
    """Compute the share of pairs of a positive and a negative in the right order; ties count half.

    Args:
        positive: (n,) bool, with both values present.
        scores: (n,).

    Example:
        >>> roc_auc(np.array([True, False, False]), np.array([0.5, 0.5, 0.1]))
        0.75
    """
    from scipy.stats import rankdata  # slow to import, and for two classes alone

    count = int(positive.sum())
    below = rankdata(scores)[positive].sum() - count * (count + 1) / 2
    return float(below / (count * (len(positive) - count)))


def majority_share(y: IntArray, splits: Sequence[Split]) -> float:
    """Compute the mean accuracy over splits of predicting the test nodes' most frequent class.

    An accuracy is informative only above this value. A split without test nodes counts as 0. With
    several labels per node, it is the micro-F1 of predicting all classes for every node. Where a
    split has pairs of nodes, it is the larger share of edges and other pairs.
    """
    if all(s.test.ndim == 1 for s in splits) and y.ndim == 2:
        return float(np.mean([micro_f1(y[s.test], np.ones_like(y[s.test])) for s in splits]))
    labels = [y[s.test] if s.test.ndim == 1 else s.test[:, 2] for s in splits]
    shares = [np.unique(of, return_counts=True)[1].max(initial=0) for of in labels]
    sizes = [max(1, len(s.test)) for s in splits]
    return float(np.mean(np.divide(shares, sizes)))


def check_metric(dataset: NodeDataset, splits: Mapping[str, Sequence[Split]]) -> None:
    """Check, before training, that the metric of ``dataset`` can be measured.

    Args:
        dataset: the graph and its metric.
        splits: protocol -> its splits.

    Raises:
        ConfigError: the metric is unknown, it is ROC AUC and there are not two classes, or it does
            not fit the number of labels per node.
        DataError: the metric is ROC AUC, and all nodes to be scored are of one class.
    """
    one_of("dataset.metric", dataset.metric, METRICS)
    several = dataset.y.ndim == 2
    # accuracy, the default, leaves the choice to the protocol
    if dataset.metric != "accuracy" and several != (dataset.metric == "micro_f1"):
        count, fits = ("several labels", "micro_f1") if several else ("one label", "accuracy")
        raise ConfigError(
            f"dataset.metric={dataset.metric}: the nodes of {dataset.name} have {count} each; use "
            f"{fits}"
        )
    if dataset.metric != "roc_auc":
        return
    if dataset.num_classes != 2:
        raise ConfigError(
            f"dataset.metric=roc_auc needs two classes, but {dataset.name} has "
            f"{dataset.num_classes}; use accuracy or macro_f1"
        )
    y = dataset.y.numpy(force=True)
    for protocol, drawn in splits.items():
        for index, split in enumerate(drawn):
            for part, nodes in (("validation", split.val), ("test", split.test)):
                if nodes.ndim == 1 and len(nodes) and len(np.unique(y[nodes])) < 2:
                    raise DataError(
                        f"dataset.metric=roc_auc: the {part} nodes of split {index} of {protocol} "
                        f"are all of class {y[nodes[0]]} of {dataset.name}"
                    )
