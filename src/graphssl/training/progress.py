"""A progress bar, shown on terminals only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from graphssl.terminal import console, moves
from graphssl.training.loop import Observer, StepReport

# Seconds between two updates of the bar: reading the loss synchronises a GPU.
_SECONDS = 0.2


@contextmanager
def progress_bar(name: str, start: int, total: int) -> Iterator[list[Observer]]:
    """Show a bar with loss, step rate and remaining time, if bars can move; yield its observer."""
    if not moves():
        yield []
        return
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True, max_width=28)),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(),
    )
    stdout_too = sys.stdout.isatty()  # what is printed into a file must not come here
    with Progress(
        *columns, console=console(), transient=True, expand=True, redirect_stdout=stdout_too
    ) as bar:
        task, due = bar.add_task(name, total=total, completed=start, pace=""), 0.0

        def observe(report: StepReport) -> None:
            nonlocal due
            now = time.monotonic()
            if now < due and report.step != total:
                return
            due = now + _SECONDS
            pace = f"loss {report.loss.item():.4f}"
            if speed := bar.tasks[0].speed:
                pace += f" {speed:.1f} steps/s"
            bar.update(task, completed=report.step, pace=pace, refresh=True)

        yield [observe]
