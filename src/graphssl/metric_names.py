"""Names of metrics, those of node classification first; imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

# Metric -> printed label. All lie in [0, 1]; larger is better.
METRICS: Mapping[str, str] = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "roc_auc": "ROC AUC",
    "micro_f1": "micro-F1",
}
# Metrics of protocols with another task, at most 1; larger is better.
OTHERS: Mapping[str, str] = {
    "nmi": "NMI",
    "ari": "ARI",
    "link_auc": "AUC of links",
    "link_ap": "AP of links",
    "hits_at_50": "Hits@50",
}


def metric_label(metric: str) -> str:
    """Return the printed label of ``metric``, which is its name if it is user-defined.

    Example:
        >>> metric_label("macro_f1"), metric_label("purity")
        ('macro-F1', 'purity')
    """
    return {**METRICS, **OTHERS}.get(metric, metric)
