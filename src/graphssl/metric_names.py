"""Names of the metrics that every protocol of graphssl measures. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping

# Metric -> how people write it. All lie in [0, 1]; larger is better.
METRICS: Mapping[str, str] = {"accuracy": "accuracy", "macro_f1": "macro-F1", "roc_auc": "ROC AUC"}


def metric_label(metric: str) -> str:
    """How people write ``metric``; the name itself for that of a user-defined probe."""
    return METRICS.get(metric, metric)
