"""A progress bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from graphssl.training.loop import Observer, StepReport

# How often the loss is fetched for the bar: each fetch makes a GPU wait.
_REFRESH_STEPS = 10


@contextmanager
def progress_bar(name: str, start: int, total: int, show: bool) -> Iterator[list[Observer]]:
    """An observer that moves a bar with loss, step rate and remaining time; none if not shown."""
    if not (show and sys.stderr.isatty()):
        yield []
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.4f}"),
        TextColumn("{task.fields[rate]:.1f} steps/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=total, completed=start, loss=float("nan"), rate=0.0)

        def observe(report: StepReport) -> None:
            if report.step % _REFRESH_STEPS == 0 or report.step == total:
                rate = bar.tasks[0].speed or 0.0
                bar.update(task, completed=report.step, loss=report.loss.item(), rate=rate)

        yield [observe]
