"""One run: from a composed configuration to a record."""

from __future__ import annotations

import json
import logging
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from graphssl.atomic import replace_bytes, replace_text
from graphssl.config import build
from graphssl.contracts import AnyArray, ClassifierObjective
from graphssl.errors import DataError, Interrupted, StoppedError
from graphssl.pipeline.embed import classify, embed
from graphssl.pipeline.load import load_objective
from graphssl.pipeline.prepare import Job, prepare
from graphssl.pipeline.pretrain import pretrain
from graphssl.probing.metrics import majority_share
from graphssl.probing.own_classifier import own_scores
from graphssl.results.failure import write_failure
from graphssl.results.own_code import own_code
from graphssl.results.quantities import names
from graphssl.results.record import RunRecord, scores_entry, unscored
from graphssl.results.store import RunStore
from graphssl.terminal import moving, spinner
from graphssl.training.allocator import memory_kept
from graphssl.training.checkpoint import kept
from graphssl.training.default_dtype import float32_default
from graphssl.training.determinism import deterministic
from graphssl.training.device import claimed_device
from graphssl.training.loggers import RunLoggers
from graphssl.training.matmul import products
from graphssl.training.metrics import Logger
from graphssl.training.threads import threads

log = logging.getLogger(__name__)


def run(
    config: DictConfig,
    choices: Mapping[str, Any],
    overrides: Sequence[str],
    launcher_threads: int | None = None,
    watches: Sequence[Logger] = (),
) -> RunRecord:
    """Pretrain, measure collapse, probe and write a record, skipping what is already finished.

    Args:
        config: the composed configuration.
        choices: the option chosen in each config group.
        overrides: the overrides of the command line.
        launcher_threads: threads per job of a sweep; None for a single run.
        watches: further loggers; one that raises ``StoppedError`` stops the run.

    Raises:
        StoppedError: a watch stopped the run.
        RunBusyError: another process is working on this run, and ``collision`` is ``skip``.
    """
    names(config.optimize)
    store, settings = RunStore(build.folder(config, "runs")), build.settings(config)
    count = settings.threads or launcher_threads
    alone = settings.progress and launcher_threads is None
    with (
        threads(count), float32_default(), deterministic(settings.deterministic), moving(alone),
    ):  # fmt: skip
        return _run(replace(prepare(config, choices, overrides), watches=watches), store)


def _run(job: Job, store: RunStore) -> RunRecord:
    config = job.config
    name = f"{job.data.name}-{config.objective._target_.rsplit('.')[-1].lower()}-seed{config.seed}"
    wait = config.collision == "wait"
    with store.folder(name, job.run_id, afresh=config.force, wait=wait) as folder:
        failure = folder / "failed.json"
        try:
            record = _finish(job, folder)
        except KeyboardInterrupt as stop:
            number = stop.signal if isinstance(stop, Interrupted) else signal.SIGINT
            raise Interrupted(kept(folder), number) from None
        except StoppedError:
            raise
        except Exception as error:
            try:
                write_failure(failure, error, job.overrides)
            except OSError as unwritten:  # often the same that stopped the run
                log.warning("%s", unwritten)
            raise
        failure.unlink(missing_ok=True)
        return replace(record, folder=str(folder))


def _finish(job: Job, folder: Path) -> RunRecord:
    """Complete the run in ``folder``; claim a device only if something remains to be done."""
    record = None
    if (folder / "record.json").exists():
        log.info("already finished, not run again (force=true starts afresh): %s", folder)
        record = RunRecord.read(folder)
        if record.dataset.get("hash") != job.content_hash:
            raise DataError(
                f"{folder} was made from a graph with content hash {record.dataset.get('hash')}, "
                f"but the graph loaded now has {job.content_hash}: restore the former, or start "
                "afresh with force=true"
            )
        if record.config.get("tags") != job.plain["tags"]:
            config = {**record.config, "tags": job.plain["tags"]}
            record = replace(record, config=config, overrides=job.overrides)
            record.write(folder)
        if not unscored(record.scores, job.plain) and not _embeddings_wanted(job, folder):
            return record
    else:
        replace_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(job.plain)))
        replace_text(folder / "overrides.json", json.dumps(job.overrides) + "\n")
    settings = job.settings
    with (
        claimed_device(settings.device, settings.precision) as device,
        products(settings.matmul, device),
        memory_kept(),
    ):
        return _work(job.on(device), folder, record)


def _work(job: Job, folder: Path, record: RunRecord | None) -> RunRecord:
    """Do the missing work and pass its results to the loggers."""
    make = partial(build.loggers, job.config, folder, job.run_id, job.plain)
    with RunLoggers(lambda step: [*make(step), *job.watches]) as loggers:
        record = _train_and_score(job, folder, record, loggers)
        _hand_over(record, folder, loggers)
    return record


def _hand_over(record: RunRecord, folder: Path, loggers: RunLoggers) -> None:
    """Pass the results of the run to its loggers, if there are any."""
    step = record.training["steps"]
    if made := loggers.at(step):
        from graphssl.report.build import compose_report
        from graphssl.report.figures.accuracy import figures

        drawn = dict(figures(compose_report(str(folder))))
        for logger in made:
            logger.finish(step, record.numbers(), drawn)


def _train_and_score(
    job: Job, folder: Path, record: RunRecord | None, loggers: RunLoggers
) -> RunRecord:
    """Train unless there is a ``record``; then add the missing scores and files."""
    objective = None
    if record is None:
        objective = job.objective
        _, record = pretrain(job, folder, job.run_id, loggers)
        record.write(folder)
        (folder / "checkpoint.pt").unlink(missing_ok=True)
    missing = unscored(record.scores, job.plain)
    embeddings_wanted = _embeddings_wanted(job, folder)
    if missing or embeddings_wanted:
        # The user who requests this run has named its targets, those outside graphssl included.
        objective = objective or load_objective(folder, trust=True).to(job.device)
        embeddings = embed(objective.encoder, job.data.graph)  # type: ignore[arg-type]
        for name in missing:
            log.info("probing under %s", name)
            started = time.perf_counter()
            with spinner(f"probing under {name}"):
                scores = {**record.scores, name: probe(job, objective, embeddings, name)}
            seconds = record.training.get("probe_seconds", 0.0) + time.perf_counter() - started
            training = {**record.training, "probe_seconds": seconds}
            record = replace(record, scores=scores, training=training)
            record.write(folder)
        if embeddings_wanted:
            save_embeddings(embeddings, job.data.node_ids, folder / "embeddings.npz")
    return record


def probe(job: Job, objective: nn.Module, embeddings: Tensor, name: str) -> dict[str, Any]:
    """Score an embedding, or the objective's own classifier, under the protocol ``name``."""
    y, splits, seed = job.data.y.cpu().numpy(), job.splits[name], job.config.probe.split_seed
    if isinstance(objective, ClassifierObjective):
        logits = classify(objective, job.data.graph).float().cpu().numpy()
        scores = own_scores(name, logits, y, splits, seed)
    else:
        rows = embeddings.float().cpu().numpy()
        scores = job.protocols[name].score(rows, y, splits, seed)
    settings = job.plain["probe"]["protocols"][name]
    return {
        **scores_entry(scores, job.data.metric, majority_share(y, splits)),
        "settings": settings,
        "code": own_code(settings),
        "dataset_metric": job.plain["dataset"].get("metric"),
    }


def _embeddings_wanted(job: Job, folder: Path) -> bool:
    return bool(job.config.save_embeddings) and not (folder / "embeddings.npz").exists()


def save_embeddings(embeddings: Tensor, node_ids: AnyArray | None, path: Path) -> None:
    """Save ``embeddings`` (N, D) as float32 and ``node_ids`` (N,), 0..N-1 if None, atomically."""
    rows = embeddings.float().cpu().numpy()
    ids = np.arange(len(rows)) if node_ids is None else node_ids
    content = BytesIO()
    np.savez_compressed(content, embeddings=rows, node_ids=ids)
    replace_bytes(path, content.getbuffer())
