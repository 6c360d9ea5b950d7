"""The training part of a run: from a settled job to a trained encoder and a record of it."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from graphssl import build
from graphssl.diagnostics.summary import representation_diagnostics
from graphssl.job import Job
from graphssl.probing.quick import quick_accuracy
from graphssl.results.environment import environment, peak_memory_mib
from graphssl.results.identity import BEHAVIOUR_VERSION
from graphssl.results.record import RunRecord
from graphssl.seeding import generator, global_stream
from graphssl.training.checkpoint import Checkpointer, save_atomically
from graphssl.training.embedding import embed
from graphssl.training.evaluation import Evaluator
from graphssl.training.loop import Observer, TrainingState, train
from graphssl.training.metrics import MetricsFile, StepMetrics
from graphssl.training.progress import progress_bar
from graphssl.training.selection import Selection

log = logging.getLogger(__name__)


def pretrain(job: Job, folder: Path, run_id: str) -> tuple[nn.Module, RunRecord]:
    """Train (or go on from the last checkpoint), keep the selected encoder, measure its collapse.

    Writes ``encoder.pt``, ``metrics.jsonl`` and, on the way, ``checkpoint.pt`` into ``folder``.
    """
    selection = Selection(job.settings.select)
    objective = build.objective(job.config, job.data.graph.num_features, job.labels)
    objective.to(job.device)
    training: dict[str, Any] = {"steps": 0}
    if any(True for _ in objective.trainable_parameters()):  # type: ignore[operator]
        training = _train(job, objective, selection, folder, run_id)
    encoder: nn.Module = objective.encoder  # type: ignore[assignment]
    selection.apply(encoder)
    save_atomically(encoder.state_dict(), folder / "encoder.pt")
    found = representation_diagnostics(embed(encoder, job.data.graph))
    training["peak_memory_mib"] = peak_memory_mib(job.device)
    record = RunRecord(
        id=run_id,
        behaviour_version=BEHAVIOUR_VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=job.config.seed,
        choices=dict(job.choices),
        config=job.plain,
        dataset={
            "name": job.data.name,
            "nodes": job.data.graph.num_nodes,
            "edges": job.data.graph.num_edges,
            "features": job.data.graph.num_features,
            "classes": job.data.num_classes,
        },
        selection={
            "metric": selection.metric,
            "step": selection.step,
            "value": selection.best,
        },
        labels_used=job.labels_used,
        split=job.split[0] if job.split else None,
        scores={},
        diagnostics={
            "representation": {"dimensions": len(found.arrays["centred"]), **found.values}
        },
        training=training,
        environment=environment(job.device),
    )
    return encoder, record


def _train(
    job: Job, objective: nn.Module, selection: Selection, folder: Path, run_id: str
) -> dict[str, Any]:
    """Run the loop with its observers; what the record says about training."""
    config, settings, graph = job.config, job.settings, job.data.graph
    parameters = list(objective.trainable_parameters())  # type: ignore[operator]
    state = TrainingState(
        objective,
        build.optimizer(config, parameters),
        generator(config.seed, "augmentation", job.device),
    )
    checkpointer = Checkpointer(folder / "checkpoint.pt", settings.checkpoint_every, selection)
    augmentation, regularizer = build.augmentation(config), build.regularizer(config)
    with ExitStack() as stack:
        stack.enter_context(global_stream(config.seed, "dropout"))
        if checkpointer.restore(state):
            log.info("going on from step %d of %s", state.step, folder)
        first, started = state.step, time.perf_counter()
        sinks = [
            stack.enter_context(closing(sink))
            for sink in (
                MetricsFile(folder / "metrics.jsonl", first),
                *build.tracker(config, folder, run_id, job.plain),
            )
        ]
        observers: list[Observer] = [StepMetrics(sinks, settings.log_every)]
        if settings.eval_every:
            measure = partial(_measure, job)
            observers.append(Evaluator(graph, measure, settings.eval_every, sinks, selection))
        observers.append(checkpointer)
        title = f"{job.data.name} seed {config.seed}"
        bar = progress_bar(title, first, settings.steps, settings.progress)
        observers += stack.enter_context(bar)
        train(state, graph, augmentation, regularizer, settings, observers)
        seconds = time.perf_counter() - started
    return {
        "steps": settings.steps,
        "resumed_from": first,
        "seconds": seconds,
        "steps_per_second": (settings.steps - first) / seconds,
    }


def _measure(job: Job, embeddings: Tensor) -> dict[str, float]:
    """What is measured on the representation during training."""
    found = representation_diagnostics(embeddings).values
    if job.quick_split is not None:
        rows, y = embeddings.float().cpu().numpy(), job.data.y.cpu().numpy()
        found["val_accuracy"] = quick_accuracy(rows, y, job.quick_split)
    return found


def load_encoder_weights(job: Job, folder: Path) -> nn.Module:
    """The encoder that a finished run kept."""
    objective = build.objective(job.config, job.data.graph.num_features, job.labels)
    encoder: nn.Module = objective.encoder  # type: ignore[assignment]
    encoder.load_state_dict(torch.load(folder / "encoder.pt", weights_only=True))
    return encoder.to(job.device)
