"""One run: from a composed configuration to a record."""

from __future__ import annotations

import json
import logging
import shutil
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from graphssl.atomic import replace_text
from graphssl.config import build
from graphssl.errors import ConfigError, DataError, Interrupted, StoppedError
from graphssl.pipeline.embed import embed, save_embedding
from graphssl.pipeline.load import load_objective
from graphssl.pipeline.prepare import Job, prepare
from graphssl.pipeline.pretrain import pretrain
from graphssl.pipeline.probe import probed
from graphssl.pipeline.request import Request, read_request
from graphssl.results.environment import packages
from graphssl.results.failure import write_failure
from graphssl.results.record import RunRecord, unscored
from graphssl.terminal import moving
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
    request = read_request(config, choices, overrides)
    settings = request.settings
    if (record := finished(request)) is not None:
        return record
    with (
        threads(settings.threads or launcher_threads),
        float32_default(),
        deterministic(settings.deterministic),
        moving(settings.progress and launcher_threads is None),
    ):
        job = replace(prepare(request), watches=watches)
        with held_folder(job, job.data.name, job.id) as folder:
            left = what_is_left(job, folder, job.content_hash)
            if left.record is not None and left.nothing:
                return left.record
            with (
                claimed_device(settings.device, settings.precision) as device,
                products(settings.matmul, device),
                memory_kept(),
            ):
                return carry_out(job.on(device), left, folder)


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
        if RunRecord.read(folder).environment.get("packages") != packages():
            return None
        left = what_is_left(request, folder)
        return left.record if left.nothing else None


@dataclass(frozen=True)
class Left:
    """What is left to do of a run.

    Attributes:
        record: that of its training; None where it has to be trained.
        protocols: names of the protocols that have no score under today's settings.
        embeddings: whether ``embeddings.npz`` is wanted and not there.
    """

    record: RunRecord | None
    protocols: list[str]
    embeddings: bool

    @property
    def nothing(self) -> bool:
        """Whether the run is finished."""
        return self.record is not None and not self.protocols and not self.embeddings


def what_is_left(request: Request, folder: Path, content_hash: str | None = None) -> Left:
    """Compare what is asked for with what lies in ``folder``; today's tags go into the record.

    Raises:
        DataError: the record is of a graph of another content than ``content_hash``.
    """
    record = None
    if (folder / "record.json").exists():
        record = RunRecord.read(folder)
        if content_hash is not None and record.dataset.get("hash") != content_hash:
            raise DataError(
                f"{folder} was made from a graph with content hash {record.dataset.get('hash')}, "
                f"but the graph loaded now has {content_hash}: restore the former, or start "
                "afresh with force=true"
            )
        log.info("already finished, not run again (force=true starts afresh): %s", folder)
        if record.config.get("tags") != request.plain["tags"]:
            config = {**record.config, "tags": request.plain["tags"]}
            record = replace(record, config=config, overrides=request.overrides)
            record.write(folder)
    return Left(
        record,
        protocols=unscored({} if record is None else record.scores, request.plain),
        embeddings=request.config.save_embeddings and not (folder / "embeddings.npz").exists(),
    )


def carry_out(job: Job, left: Left, folder: Path) -> RunRecord:
    """Train, score and save; the final embedding is computed once and used for all of it."""
    make = partial(build.loggers, job.config, folder, job.id, job.plain)
    with RunLoggers(lambda step: [*make(step), *job.watches]) as loggers:
        record = _train_and_score(job, left, folder, loggers)
        _hand_over(record, folder, loggers)
    return replace(record, folder=str(folder))


def _hand_over(record: RunRecord, folder: Path, loggers: RunLoggers) -> None:
    """Pass the results of the run to its loggers, if there are any."""
    step = record.training["steps"]
    if made := loggers.at(step):
        from graphssl.report.figures.kinds import figures
        from graphssl.report.leaderboard import build_leaderboard

        report = build_leaderboard(folder).drawn
        drawn = dict(figures(report)) if report else {}
        for logger in made:
            logger.finish(step, record.numbers(), drawn)


def _train_and_score(job: Job, left: Left, folder: Path, loggers: RunLoggers) -> RunRecord:
    record = left.record
    if record is None:
        replace_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(job.plain)))
        replace_text(folder / "overrides.json", json.dumps(job.overrides) + "\n")
        objective, embedding, record = pretrain(job, folder, loggers)
        record.write(folder)
        (folder / "checkpoint.pt").unlink(missing_ok=True)
    else:
        # The user who requests this run has named its targets, those outside graphssl included.
        objective = load_objective(folder, trust=True).to(job.device)
        embedding = embed(objective.encoder, job.data.graph)  # type: ignore[arg-type]
    for name in left.protocols:
        record = probed(record, job, objective, embedding, name)
        record.write(folder)
    if left.embeddings:
        save_embedding(embedding, job.data.node_ids, folder / "embeddings.npz")
    return record


@contextmanager
def held_folder(request: Request, graph: str, run_id: str) -> Iterator[Path]:
    """Hold the run's folder inside the block, and note there why the run failed if it does."""
    name, config = request.folder_name(graph), request.config
    wait = config.collision == "wait"
    with request.store.folder(name, run_id, afresh=config.force, wait=wait) as folder:
        failure, fresh = folder / "failed.json", not any(folder.iterdir())
        try:
            yield folder
        except KeyboardInterrupt as stop:
            number = stop.signal if isinstance(stop, Interrupted) else signal.SIGINT
            raise Interrupted(kept(folder), number) from None
        except StoppedError:
            raise
        except Exception as error:
            saved = any((folder / name).exists() for name in ("record.json", "checkpoint.pt"))
            if fresh and not saved and isinstance(error, ConfigError):
                shutil.rmtree(folder)  # refused: there is no run to speak of
                raise
            try:
                write_failure(failure, error, request.overrides)
            except OSError as unwritten:  # often the same that stopped the run
                log.warning("%s", unwritten)
            raise
        failure.unlink(missing_ok=True)
