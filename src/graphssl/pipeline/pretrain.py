"""The training part of a run: from a prepared job to a trained encoder and its record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from graphssl.contracts import ClassifierObjective
from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.diagnostics.range_checks import check_start, check_statistics, size_range
from graphssl.diagnostics.start import after_first_forward, fill_statistics
from graphssl.diagnostics.summary import Diagnostics, representation_diagnostics
from graphssl.errors import DataError, NotFiniteError
from graphssl.pipeline.embed import classify, embed
from graphssl.pipeline.prepare import Job
from graphssl.probing.quick import quick_accuracy
from graphssl.results.environment import environment, forget_peak_memory, peak_memory_mib
from graphssl.results.identity import BEHAVIOUR_VERSION
from graphssl.results.record import RunRecord
from graphssl.seeding import generator, global_stream
from graphssl.training.checkpoint import Checkpointer, save_atomically
from graphssl.training.clock import RunningClock, write_profile
from graphssl.training.evaluation import Evaluator
from graphssl.training.interruption import Interruption, named_signals
from graphssl.training.loggers import RunLoggers
from graphssl.training.loop import Observer, TrainingState, train
from graphssl.training.metrics import MetricsFile, StepMetrics
from graphssl.training.progress import progress_bar
from graphssl.training.selection import LowestLoss, Selection
from graphssl.training.spectra import SpectraFile

log = logging.getLogger(__name__)


def pretrain(
    job: Job, folder: Path, run_id: str, loggers: RunLoggers
) -> tuple[nn.Module, RunRecord]:
    """Train (or resume from the last checkpoint), keep the selected encoder, measure its collapse.

    Writes ``encoder.pt``, ``metrics.jsonl`` and ``spectra.npz`` into ``folder``, ``classifier.pt``
    if the objective has a classifier, ``profile.json`` if ``trainer.profile`` is set, and during
    training ``checkpoint.pt``.
    """
    forget_peak_memory(job.device)
    selection = Selection(job.settings.select)
    objective = job.objective
    if job.optimizer is None:
        training: dict[str, Any] = {"steps": 0}
        deep = DeepLook(job, SpectraFile(folder / "spectra.npz"))
        with _before_training(job):
            fill_statistics(objective, job.data.graph.view())
            check_start(objective, job.data.graph, trained=False)
            deep(objective, 0)
    else:
        training, deep = _train(job, job.optimizer, selection, folder, loggers)
    selection.apply(objective)
    seen = deep.last if selection.step is None else None
    of_kept = seen or deep.measure(objective)
    encoder: nn.Module = objective.encoder  # type: ignore[assignment]
    save_atomically(encoder.state_dict(), folder / "encoder.pt")
    z = _representation(job, objective)
    if isinstance(objective, ClassifierObjective):
        save_atomically(objective.classifier.state_dict(), folder / "classifier.pt")
    training["peak_memory_mib"] = peak_memory_mib(job.device)
    record = RunRecord(
        id=run_id,
        behaviour_version=BEHAVIOUR_VERSION,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        seed=job.config.seed,
        choices=dict(job.choices),
        overrides=job.overrides,
        config=job.plain,
        dataset={
            "name": job.data.name,
            "fingerprint": job.data.fingerprint,
            "hash": job.content_hash,
            "nodes": job.data.graph.num_nodes,
            "edges": job.data.graph.num_edges,
            "features": job.data.graph.num_features,
            "classes": job.data.num_classes,
            **job.data.facts,
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
            "representation": {"dimensions": z.size(1), **representation_diagnostics(z).values},
            "embedding": _of("embedding", of_kept.values),
            "weights": _of("weights", of_kept.values),
        },
        training=training,
        environment=environment(job.device),
        code=dict(job.code),
    )
    return encoder, record


def _train(
    job: Job,
    optimizer: torch.optim.Optimizer,
    selection: Selection,
    folder: Path,
    run_loggers: RunLoggers,
) -> tuple[dict[str, Any], DeepLook]:
    """Run the loop with its observers; return the record's ``training`` part and the deep look."""
    config, settings, graph = job.config, job.settings, job.data.graph
    state = TrainingState(
        job.objective, optimizer, generator(config.seed, "augmentation", job.device)
    )
    checkpointer = Checkpointer(
        folder / "checkpoint.pt", settings.checkpoint_every, selection, job.content_hash
    )
    with ExitStack() as stack:
        stack.enter_context(global_stream(config.seed, "dropout", job.device))
        if checkpointer.restore(state):
            log.info("resuming from step %d of %s", state.step, folder)
        first = state.step
        file = stack.enter_context(closing(MetricsFile(folder / "metrics.jsonl", first)))
        loggers = [file, *run_loggers.at(first)]
        observers: list[Observer] = [StepMetrics(loggers, settings.log_every)]
        if settings.select == "loss":
            observers.append(LowestLoss(selection, job.objective))
        if settings.eval_every:
            quick = partial(_quick_look, job)
            observers.append(Evaluator(quick, settings.eval_every, loggers, selection))
        deep = DeepLook(job, SpectraFile(folder / "spectra.npz", first))
        collapse = Evaluator(deep, config.diagnostics.every or settings.steps, loggers)
        if first == 0:
            with _before_training(job):
                started = _started(job)
                check_start(started, graph, trained=True)
                if config.diagnostics.every:
                    collapse.look(started, 0)
        observers.append(collapse)
        observers.append(checkpointer)
        signals = named_signals(settings.checkpoint_on)
        observers.append(stack.enter_context(Interruption(checkpointer, signals)))
        title = f"{job.data.name} seed {config.seed}"
        observers += stack.enter_context(progress_bar(title, first, settings.steps))
        clock = RunningClock(job.device) if settings.profile else None
        steps, threads = settings.steps - first, torch.get_num_threads()
        log.info("steps: %d, device: %s, threads: %d, into %s", steps, job.device, threads, folder)
        suspect = job.data.facts.get("negative_degree")
        patience = settings.patience
        stops = None if patience is None else lambda step: selection.waited(step) >= patience
        train(
            state, graph, job.augmentation, job.regularizer, settings, observers, clock, suspect,
            stops,
        )  # fmt: skip
    if clock is not None and state.step > first:
        log.info("%s", write_profile(clock, state.step - first, folder / "profile.json"))
    training = {
        "steps": state.step,
        "resumed_from": first,
        "seconds": state.seconds,
        "steps_per_second": state.step / state.seconds,
    }
    return training, deep


def _started(job: Job) -> nn.Module:
    """Copy the objective, with the batch statistics that the first training step will leave.

    The copy sees the views of that step, from a fresh generator of the same stream, and its
    dropout, so that a measurement after a step with a learning rate of 0 gives the same numbers.
    """
    stream = generator(job.config.seed, "augmentation", job.device)
    with torch.autocast(job.device.type, torch.bfloat16, job.settings.precision == "bf16"):
        return after_first_forward(job.objective, *job.augmentation(job.data.graph.view(), stream))


@contextmanager
def _before_training(job: Job) -> Iterator[None]:
    """Attribute values that are not finite before the first step to the graph."""
    try:
        yield
    except NotFiniteError as error:
        graph = job.data.graph
        found = f"features {size_range(graph.x)}"
        if graph.edge_weight is not None:
            found += f", edge weights {size_range(graph.edge_weight)}"
        found = job.data.facts.get("negative_degree", found)
        raise DataError(f"{job.data.name}: before the first step {error}: {found}") from error


def _representation(job: Job, objective: nn.Module) -> Tensor:
    """Compute the representation of the original graph, (N, D)."""
    check_statistics(objective)
    return embed(objective.encoder, job.data.graph)  # type: ignore[arg-type]


def _quick_look(job: Job, objective: nn.Module, step: int) -> dict[str, float]:
    """Measure the representation, and the validation accuracy of classifier or quick probe."""
    embeddings = _representation(job, objective)
    found = representation_diagnostics(embeddings).values
    if job.quick_split is not None:
        y = job.data.y.cpu().numpy()
        if isinstance(objective, ClassifierObjective):
            logits = classify(objective, job.data.graph).float().cpu().numpy()
            predicted = logits[job.quick_split.val].argmax(axis=1)
            found["val_accuracy"] = float((predicted == y[job.quick_split.val]).mean())
        else:
            rows = embeddings.float().cpu().numpy()
            found["val_accuracy"] = quick_accuracy(rows, y, job.quick_split)
    return found


class DeepLook:
    """Measure every layer and weight: numbers for ``metrics.jsonl``, spectra for ``spectra.npz``.

    Attributes:
        last: result of the last call; None before the first.
    """

    last: Diagnostics | None = None

    def __init__(self, job: Job, spectra: SpectraFile) -> None:
        self.job, self.spectra = job, spectra

    def __call__(self, objective: nn.Module, step: int) -> dict[str, float]:
        """Measure, and write the spectra."""
        self.last = self.measure(objective)
        self.spectra.add(step, self.last.arrays)
        return self.last.values

    def measure(self, objective: nn.Module) -> Diagnostics:
        """Measure on one pair of views, drawn from a separate stream, the same pair each time."""
        view = self.job.data.graph.view()
        stream = generator(self.job.config.seed, "diagnostics", self.job.device)
        return collapse_diagnostics(objective, view, lambda: self.job.augmentation(view, stream))


def _of(where: str, values: dict[str, float]) -> dict[str, float]:
    prefix = f"{where}/"
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
