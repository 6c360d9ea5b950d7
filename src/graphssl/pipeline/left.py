"""Work that is left of a run: training, protocols without a score, measures, embeddings."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from graphssl.config import build
from graphssl.errors import DataError
from graphssl.pipeline.folder import held_folder
from graphssl.pipeline.measured import unmeasured
from graphssl.pipeline.prepare import Job
from graphssl.pipeline.request import Request
from graphssl.results.environment import packages
from graphssl.results.record import RunRecord, unscored

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Left:
    """What is left to do of a run.

    Attributes:
        record: that of its training; None where it has to be trained.
        protocols: names of the protocols that have no score under today's settings.
        embeddings: whether ``embeddings.npz`` is wanted and not there.
        measures: measures of ``diagnostics.also`` that the record lacks.
    """

    record: RunRecord | None
    protocols: list[str]
    embeddings: bool
    measures: list[str]

    @property
    def nothing(self) -> bool:
        """Whether the run is finished."""
        left = self.protocols or self.embeddings or self.measures
        return self.record is not None and not left


def finished(request: Request) -> RunRecord | None:
    """Return the record of a run with nothing left to do, where that needs no look at its graph.

    The graph is needed where its files do not tell what it is, and where custom code or packages
    other than the record's might make another one of them.
    """
    if request.config.force or not request.repeatable_graph:
        return None
    graph = build.known_graph(request.config)
    if graph is None:
        return None
    name, run_id = graph.name, request.run_id(graph.fingerprint)
    if not request.store.holds_record(request.folder_name(name), run_id):
        return None
    with held_folder(request, name, run_id) as folder:
        record = _read(folder)
        if record is None or record.environment.get("packages") != packages():
            return None
        left = _compare(request, record, folder)
        return left.record if left.nothing else None


def what_is_left(job: Job, folder: Path) -> Left:
    """Compare what is asked for with what lies in ``folder``; today's tags go into the record.

    Raises:
        DataError: the record is of a graph of another content.
    """
    record = _read(folder)
    if record is not None and record.dataset.get("hash") != job.content_hash:
        raise DataError(
            f"{folder} was made from a graph with content hash {record.dataset.get('hash')}, "
            f"but the graph loaded now has {job.content_hash}: restore the former, or start "
            "afresh with force=true"
        )
    return _compare(job, record, folder)


def _read(folder: Path) -> RunRecord | None:
    return RunRecord.read(folder) if (folder / "record.json").exists() else None


def _compare(request: Request, record: RunRecord | None, folder: Path) -> Left:
    if record is not None:
        log.info("already finished, not run again (force=true starts afresh): %s", folder)
        if record.config.get("tags") != request.plain["tags"]:
            config = {**record.config, "tags": request.plain["tags"]}
            record = replace(record, config=config, overrides=request.overrides)
            record.write(folder)
    return Left(
        record,
        protocols=unscored({} if record is None else vars(record), request.plain),
        embeddings=request.config.save_embeddings and not (folder / "embeddings.npz").exists(),
        measures=unmeasured(record, request.measures),
    )
