"""The training part of a run: from a prepared job to a trained encoder and its record."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from graphssl.atomic import replace_text
from graphssl.contracts import ClassifierObjective
from graphssl.diagnostics.range_checks import check_start
from graphssl.diagnostics.start import fill_statistics
from graphssl.pipeline.looks import Looks
from graphssl.pipeline.measured import with_named
from graphssl.pipeline.prepare import Job
from graphssl.pipeline.start import before_training, started
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


def pretrain(job: Job, folder: Path, loggers: RunLoggers) -> tuple[nn.Module, Tensor, RunRecord]:
    """Train (or resume from the last checkpoint), keep the selected network, measure its collapse.

    Writes ``config.yaml``, ``overrides.json``, ``encoder.pt``, ``metrics.jsonl``, ``spectra.npz``
    and at last ``record.json`` into ``folder``, ``classifier.pt`` if the objective has a
    classifier, ``profile.json`` if ``trainer.profile`` is set, and during training
    ``checkpoint.pt``.

    Returns:
        The objective as it is kept, its embedding of every node (N, D), and the record.
    """
    replace_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(job.plain)))
    replace_text(folder / "overrides.json", json.dumps(job.overrides) + "\n")
    forget_peak_memory(job.device)
    objective, selection = job.objective, Selection(job.settings.select)
    if job.optimizer is None:
        looks, training = _look_untrained(job, folder)
    else:
        looks, training = _resume_and_train(job, job.optimizer, selection, folder, loggers)
    selection.apply(objective)
    kept_step = training["steps"] if selection.after is None else selection.after
    of_layers = looks.layers(objective, kept_step).values
    save_atomically(objective.encoder.state_dict(), folder / "encoder.pt")  # type: ignore[union-attr]
    embedding, of_embedding = looks.representation(objective, kept_step)
    if isinstance(objective, ClassifierObjective):
        save_atomically(objective.classifier.state_dict(), folder / "classifier.pt")
    training["peak_memory_mib"] = peak_memory_mib(job.device)
    diagnostics = {
        "representation": {"dimensions": embedding.size(1), **of_embedding},
        "embedding": _of("embedding", of_layers),
        "weights": _of("weights", of_layers),
        **_of_encoder(of_layers),
    }
    diagnostics = with_named(diagnostics, job, objective, job.measures)
    record = _record(job, selection, training, diagnostics)
    record.write(folder)
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    return objective, embedding, record


def _record(
    job: Job,
    selection: Selection,
    training: dict[str, Any],
    diagnostics: dict[str, dict[str, Any]],
) -> RunRecord:
    """Assemble the record of a run that has not been probed."""
    graph = job.data.graph
    return RunRecord(
        id=job.id,
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
            "nodes": graph.num_nodes,
            "edges": graph.num_edges,
            "features": graph.num_features,
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
        diagnostics=diagnostics,
        training=training,
        environment=environment(job.device),
        code=dict(job.code),
    )


def _look_untrained(job: Job, folder: Path) -> tuple[Looks, dict[str, Any]]:
    """Look at a network that has nothing to train, as it starts."""
    looks = Looks(job, SpectraFile(folder / "spectra.npz"))
    with before_training(job):
        fill_statistics(job.objective, job.data.graph.view())
        check_start(job.objective, job.data.graph, trained=False)
        looks.deep(job.objective, job.last_step)
    return looks, {"steps": 0}


def _resume_and_train(
    job: Job,
    optimizer: torch.optim.Optimizer,
    selection: Selection,
    folder: Path,
    run_loggers: RunLoggers,
) -> tuple[Looks, dict[str, Any]]:
    """Run the loop with its observers; return what they saw and the record's ``training`` part."""
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
        looks = Looks(job, SpectraFile(folder / "spectra.npz", first))
        observers: list[Observer] = [StepMetrics(loggers, settings.log_every)]
        if settings.select == "loss":
            observers.append(LowestLoss(selection, job.objective))
        if settings.eval_every:
            observers.append(Evaluator(looks.quick, settings.eval_every, loggers, selection))
        collapse = Evaluator(looks.deep, config.diagnostics.every or settings.steps, loggers)
        if first == 0:
            with before_training(job):
                network = started(job)
                check_start(network, graph, trained=True)
                if config.diagnostics.every:
                    collapse.look(network, 0)
        observers.append(collapse)
        observers.append(checkpointer)
        signals = named_signals(settings.checkpoint_on)
        observers.append(stack.enter_context(Interruption(checkpointer, signals)))
        title = f"{job.data.name} seed {config.seed}"
        observers += stack.enter_context(progress_bar(title, first, settings.steps))
        clock = RunningClock(job.device) if settings.profile else None
        steps, threads = settings.steps - first, torch.get_num_threads()
        log.info("steps: %d, device: %s, threads: %d, into %s", steps, job.device, threads, folder)
        fact = job.data.facts.get("negative_degree")
        suspect = None if fact is None else f"{job.data.name}: {fact}"
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
    return looks, training


def _of_encoder(values: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return the measures of every layer of the encoder, by layer."""
    layers = dict.fromkeys(key.partition("/")[0] for key in values if key.startswith("encoder."))
    return {layer: _of(layer, values) for layer in layers}


def _of(where: str, values: dict[str, float]) -> dict[str, float]:
    prefix = f"{where}/"
    return {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
