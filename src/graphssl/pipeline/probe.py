"""Scores of a run's embedding, or of its own classifier."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from graphssl.contracts import ClassifierObjective
from graphssl.pipeline.embed import classify
from graphssl.pipeline.prepare import Job
from graphssl.probing.labelled import score_labelled
from graphssl.probing.metrics import majority_share
from graphssl.probing.own_classifier import own_scores
from graphssl.results.own_code import own_code
from graphssl.results.record import RunRecord, scores_entry
from graphssl.terminal import spinner

log = logging.getLogger(__name__)


def probed(
    record: RunRecord, job: Job, objective: nn.Module, embedding: Tensor, name: str
) -> RunRecord:
    """Return ``record`` with the scores under the protocol ``name``."""
    log.info("probing under %s", name)
    started = time.perf_counter()
    with spinner(f"probing under {name}"):
        scores = {**record.scores, name: probe(job, objective, embedding, name)}
    seconds = record.training.get("probe_seconds", 0.0) + time.perf_counter() - started
    return replace(record, scores=scores, training={**record.training, "probe_seconds": seconds})


def probe(job: Job, objective: nn.Module, embedding: Tensor, name: str) -> dict[str, Any]:
    """Score an embedding, or the objective's own classifier, under the protocol ``name``."""
    y, splits, seed = job.data.y.cpu().numpy(), job.splits[name], job.config.probe.split_seed
    if isinstance(objective, ClassifierObjective):
        logits = classify(objective, job.data.graph).float().cpu().numpy()
        scores = own_scores(name, logits, y, splits, seed)
    else:
        rows = embedding.float().cpu().numpy()
        scores = score_labelled(job.protocols[name], rows, y, splits, seed)
    settings = job.plain["probe"]["protocols"][name]
    return {
        **scores_entry(scores, job.data.metric, majority_share(y, splits)),
        "settings": settings,
        "code": own_code(settings),
        "dataset_metric": job.plain["dataset"].get("metric"),
    }
