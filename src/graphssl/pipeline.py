"""One run: from a composed configuration to a record."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from graphssl import build
from graphssl.job import Job, prepare
from graphssl.load import load_encoder
from graphssl.pretrain import pretrain
from graphssl.results.failure import write_failure
from graphssl.results.identity import identity
from graphssl.results.record import RunRecord, scores_entry
from graphssl.results.store import RunStore
from graphssl.training.device import claimed_device
from graphssl.training.embedding import embed

log = logging.getLogger(__name__)


def run(config: DictConfig, choices: Mapping[str, Any], overrides: Sequence[str]) -> RunRecord:
    """Pretrain, measure collapse, probe, and leave a record; what is finished is not done again."""
    store, settings = RunStore(Path(config.paths.runs)), build.settings(config)
    with claimed_device(settings.device, settings.precision) as device:
        return _run(prepare(config, choices, overrides, device), store)


def _run(job: Job, store: RunStore) -> RunRecord:
    config = job.config
    run_id = identity(job.plain, job.labels_used, job.data.fingerprint)
    name = f"{job.data.name}-{job.config.objective._target_.rsplit('.')[-1].lower()}"
    with store.folder(f"{name}-seed{config.seed}", run_id, afresh=config.force) as folder:
        failure = folder / "failed.json"
        try:
            record = _finish(job, folder, run_id)
        except Exception as error:
            write_failure(failure, error, job.overrides)
            raise
        failure.unlink(missing_ok=True)
        return replace(record, folder=str(folder))


def _finish(job: Job, folder: Path, run_id: str) -> RunRecord:
    """Do what is left to do of the run in ``folder``."""
    encoder = None
    if (folder / "record.json").exists():
        log.info("finished before, not run again (force=true runs it afresh): %s", folder)
        record = RunRecord.read(folder)
        if record.config.get("tags") != job.plain["tags"]:
            config = {**record.config, "tags": job.plain["tags"]}
            record = replace(record, config=config, overrides=job.overrides)
            record.write(folder)
    else:
        OmegaConf.save(OmegaConf.create(job.plain), folder / "config.yaml")
        (folder / "overrides.json").write_text(json.dumps(job.overrides) + "\n")
        encoder, record = pretrain(job, folder, run_id)
        record.write(folder)
        (folder / "checkpoint.pt").unlink(missing_ok=True)
    missing = [name for name in job.protocols if not _is_scored(job, record, name)]
    embeddings_wanted = job.config.save_embeddings and not (folder / "embeddings.npz").exists()
    if missing or embeddings_wanted:
        # Targets outside graphssl were named by the user who asks for this run.
        encoder = encoder or load_encoder(folder, trust=True).to(job.device)
        embeddings = embed(encoder, job.data.graph)
        for name in missing:
            log.info("probing under %s", name)
            record = replace(record, scores={**record.scores, name: probe(job, embeddings, name)})
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


def _is_scored(job: Job, record: RunRecord, name: str) -> bool:
    """Whether ``record`` has a score under this protocol, with the settings asked for."""
    scores = record.scores.get(name, {})
    wanted = (job.plain["probe"]["protocols"][name], job.config.probe.split_seed)
    return (scores.get("settings"), scores.get("split_seed")) == wanted


def save_embeddings(embeddings: Tensor, path: Path) -> None:
    """``embeddings`` (N, D) float32 and ``node_ids`` (N,), whole or not at all."""
    partial = path.with_suffix(".partial.npz")
    rows = embeddings.float().cpu().numpy()
    np.savez_compressed(partial, embeddings=rows, node_ids=np.arange(len(rows)))
    partial.replace(path)
