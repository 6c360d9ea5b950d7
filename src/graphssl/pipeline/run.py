"""One run: from a composed configuration to a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from graphssl.config import build
from graphssl.pipeline.embed import embed, save_embedding
from graphssl.pipeline.folder import held_folder
from graphssl.pipeline.left import Left, finished, what_is_left
from graphssl.pipeline.load import load_objective
from graphssl.pipeline.measured import measured
from graphssl.pipeline.prepare import Job, prepare
from graphssl.pipeline.pretrain import pretrain
from graphssl.pipeline.probe import probed
from graphssl.pipeline.request import read_request
from graphssl.results.record import RunRecord
from graphssl.terminal import moving
from graphssl.training.allocator import memory_kept
from graphssl.training.default_dtype import float32_default
from graphssl.training.determinism import deterministic
from graphssl.training.device import claimed_device
from graphssl.training.loggers import RunLoggers
from graphssl.training.matmul import products
from graphssl.training.metrics import Logger
from graphssl.training.threads import threads


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
            left = what_is_left(job, folder)
            if left.record is not None and left.nothing:
                return left.record
            with (
                claimed_device(settings.device, settings.precision) as device,
                products(settings.matmul, device),
                memory_kept(),
            ):
                return carry_out(job.on(device), left, folder)


def carry_out(job: Job, left: Left, folder: Path) -> RunRecord:
    """Train, score and save; the final embedding is computed once and used for all of it."""
    make = partial(build.loggers, job.config, folder, job.id, job.plain)
    with RunLoggers(lambda step: [*make(step), *job.watches]) as loggers:
        if left.record is None:
            objective, embedding, record = pretrain(job, folder, loggers)
        else:
            # The user who requests this run has named its targets, those outside graphssl included.
            record, objective = left.record, load_objective(folder, trust=True).to(job.device)
            embedding = embed(objective.encoder, job.data.graph)  # type: ignore[arg-type]
        if left.measures:
            record = measured(record, job, objective, left.measures)
            record.write(folder)
        for name in (n for n in left.protocols if n in job.splits):  # no labels, no splits
            record = probed(record, job, objective, embedding, name)
            record.write(folder)
        if left.embeddings:
            save_embedding(embedding, job.data.node_ids, folder / "embeddings.npz")
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
