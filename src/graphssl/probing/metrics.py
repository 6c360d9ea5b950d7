"""Metrics of fitted classifiers: accuracy, macro-F1 and, with two classes, ROC AUC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

from graphssl.contracts import FloatArray, IntArray, NodeDataset, Split
from graphssl.errors import ConfigError, DataError
from graphssl.metric_names import METRICS
from graphssl.probing.solvers.linear import LinearModels


def measure(
    models: LinearModels, rows: FloatArray, y: IntArray, nodes: Sequence[IntArray]
) -> dict[str, list[float]]:
    """Metric -> its value on ``nodes[s]`` for the one classifier of every split s, in [0, 1].

    ROC AUC takes the difference of the two classes' scores. It is left out with more than two
    classes, and where the nodes of a split are of one class alone.

    Args:
        models: one classifier per split, (S, 1, C, D).
        rows: (N, D), as the classifiers were fitted on.
        y: (N,).
        nodes: node ids of each split.
    """
    found: list[dict[str, float]] = []
    for s, ids in enumerate(nodes):
        predicted, labels = models.predict(s, rows[ids])[0], y[ids]
        one = {"accuracy": float((predicted == labels).mean())}
        one["macro_f1"] = macro_f1(labels, predicted)
        if models.weight.shape[2] == 2 and 0 < labels.mean() < 1:
            scores = models.scores(s, rows[ids])[0].astype(np.float64)
            one["roc_auc"] = roc_auc(labels == 1, scores[:, 1] - scores[:, 0])
        found.append(one)
    return {m: [one[m] for one in found] for m in METRICS if all(m in one for one in found)}


def macro_f1(y: IntArray, predicted: IntArray) -> float:
    """Mean over classes of ``2 TP / (2 TP + FP + FN)``, over those that occur in either array."""
    size = int(max(y.max(), predicted.max())) + 1
    hits = np.bincount(y[y == predicted], minlength=size)
    both = np.bincount(y, minlength=size) + np.bincount(predicted, minlength=size)
    return float((2 * hits[both > 0] / both[both > 0]).mean())


def roc_auc(positive: np.ndarray, scores: FloatArray) -> float:
    """Share of the pairs of a positive and a negative that ``scores`` order; half of the ties.

    Args:
        positive: (n,) bool, both values present.
        scores: (n,).
    """
    count = int(positive.sum())
    below = rankdata(scores)[positive].sum() - count * (count + 1) / 2
    return float(below / (count * (len(positive) - count)))


def majority_share(y: IntArray, splits: Sequence[Split]) -> float:
    """Accuracy on the test nodes of always answering their most frequent class, mean over splits.

    What an accuracy has to exceed before it says anything. 0 where a split has no test nodes.
    """
    shares = [np.unique(y[s.test], return_counts=True)[1].max(initial=0) for s in splits]
    sizes = [max(1, len(s.test)) for s in splits]
    return float(np.mean(np.divide(shares, sizes)))


def check_metric(dataset: NodeDataset, splits: Mapping[str, Sequence[Split]]) -> None:
    """Check before training that the metric of ``dataset`` can be measured.

    Args:
        dataset: the graph.
        splits: protocol -> its splits.

    Raises:
        ConfigError: unknown metric, or ROC AUC of more than two classes.
        DataError: ROC AUC, and nodes to be scored are of one class alone.
    """
    if dataset.metric not in METRICS:
        raise ConfigError(
            f"dataset.metric must be one of {', '.join(METRICS)}, got {dataset.metric!r}"
        )
    if dataset.metric != "roc_auc":
        return
    if dataset.num_classes != 2:
        raise ConfigError(
            f"dataset.metric=roc_auc needs two classes, {dataset.name} has "
            f"{dataset.num_classes}; take accuracy or macro_f1"
        )
    y = dataset.y.numpy(force=True)
    for protocol, drawn in splits.items():
        for index, split in enumerate(drawn):
            for part, nodes in (("validation", split.val), ("test", split.test)):
                if len(nodes) and len(np.unique(y[nodes])) < 2:
                    raise DataError(
                        f"dataset.metric=roc_auc: the {part} nodes of split {index} of {protocol} "
                        f"are all of class {y[nodes[0]]} of {dataset.name}"
                    )
