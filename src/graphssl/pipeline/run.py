"""One run: from a composed configuration to a record."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from graphssl.config import build
from graphssl.optimize import names
from graphssl.pipeline.embed import embed
from graphssl.pipeline.load import load_encoder
from graphssl.pipeline.prepare import Job, prepare
from graphssl.pipeline.pretrain import pretrain
from graphssl.results.failure import write_failure
from graphssl.results.identity import identity
from graphssl.results.own_code import own_code
from graphssl.results.record import RunRecord, scores_entry, unscored
from graphssl.results.store import RunStore
from graphssl.training.device import claimed_device
from graphssl.training.threads import threads

log = logging.getLogger(__name__)


def run(
    config: DictConfig,
    choices: Mapping[str, Any],
    overrides: Sequence[str],
    launcher_threads: int | None = None,
) -> RunRecord:
    """Pretrain, measure collapse, probe, and leave a record; what is finished is not done again.

    Raises:
        RunBusyError: another process is making this run, and ``collision`` is ``skip``.
    """
    names(config.optimize)
    store, settings = RunStore(build.folder(config, "runs")), build.settings(config)
    with threads(settings.threads or launcher_threads):
        return _run(prepare(config, choices, overrides), store)


def _run(job: Job, store: RunStore) -> RunRecord:
    config = job.config
    run_id = identity(job.plain, job.labels_used, job.data.fingerprint, own_code(job.plain))
    name = f"{job.data.name}-{config.objective._target_.rsplit('.')[-1].lower()}-seed{config.seed}"
    wait = config.collision == "wait"
    with store.folder(name, run_id, afresh=config.force, wait=wait) as folder:
        failure = folder / "failed.json"
        try:
            record = _finish(job, folder, run_id)
        except Exception as error:
            write_failure(failure, error, job.overrides)
            raise
        failure.unlink(missing_ok=True)
        return replace(record, folder=str(folder))


def _finish(job: Job, folder: Path, run_id: str) -> RunRecord:
    """Do what is left to do of the run in ``folder``; only that needs a device."""
    record = None
    if (folder / "record.json").exists():
        log.info("finished before, not run again (force=true runs it afresh): %s", folder)
        record = RunRecord.read(folder)
        if record.config.get("tags") != job.plain["tags"]:
            config = {**record.config, "tags": job.plain["tags"]}
            record = replace(record, config=config, overrides=job.overrides)
            record.write(folder)
        if not unscored(record.scores, job.plain["probe"]) and not _embeddings_wanted(job, folder):
            return record
    else:
        OmegaConf.save(OmegaConf.create(job.plain), folder / "config.yaml")
        (folder / "overrides.json").write_text(json.dumps(job.overrides) + "\n")
    with claimed_device(job.settings.device, job.settings.precision) as device:
        return _work(job.on(device), folder, run_id, record)


def _work(job: Job, folder: Path, run_id: str, record: RunRecord | None) -> RunRecord:
    """Train unless there is a ``record``; give it the scores and files that are missing."""
    encoder = None
    if record is None:
        encoder, record = pretrain(job, folder, run_id)
        record.write(folder)
        (folder / "checkpoint.pt").unlink(missing_ok=True)
    missing = unscored(record.scores, job.plain["probe"])
    embeddings_wanted = _embeddings_wanted(job, folder)
    if missing or embeddings_wanted:
        # Targets outside graphssl were named by the user who asks for this run.
        encoder = encoder or load_encoder(folder, trust=True).to(job.device)
        embeddings = embed(encoder, job.data.graph)
        for name in missing:
            log.info("probing under %s", name)
            started = time.perf_counter()
            scores = {**record.scores, name: probe(job, embeddings, name)}
            seconds = record.training.get("probe_seconds", 0.0) + time.perf_counter() - started
            training = {**record.training, "probe_seconds": seconds}
            record = replace(record, scores=scores, training=training)
            record.write(folder)
        if embeddings_wanted:
            save_embeddings(embeddings, folder / "embeddings.npz")
    return record


def probe(job: Job, embeddings: Tensor, name: str) -> dict[str, Any]:
    """Score an embedding under the protocol named, and say under which settings."""
    rows, y = embeddings.float().cpu().numpy(), job.data.y.cpu().numpy()
    seed = job.config.probe.split_seed
    scores = job.protocols[name].score(rows, y, job.splits[name], seed)
    return {**scores_entry(scores), "settings": job.plain["probe"]["protocols"][name]}


def _embeddings_wanted(job: Job, folder: Path) -> bool:
    return bool(job.config.save_embeddings) and not (folder / "embeddings.npz").exists()


def save_embeddings(embeddings: Tensor, path: Path) -> None:
    """``embeddings`` (N, D) float32 and ``node_ids`` (N,), whole or not at all."""
    partial = path.with_suffix(".partial.npz")
    rows = embeddings.float().cpu().numpy()
    np.savez_compressed(partial, embeddings=rows, node_ids=np.arange(len(rows)))
    partial.replace(path)
