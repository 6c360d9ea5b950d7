"""Terminal output other than results: log lines, a spinner and a bar.

All of it goes to stderr through one console, so that log lines appear above a moving bar. Imports
no torch.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_moving = [False]


@cache
def console() -> Console:
    """Return the console of stderr."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def moving(wanted: bool) -> Iterator[None]:
    """Enable spinners and bars inside the block, if they are ``wanted`` and stderr can show them.

    Parallel jobs share one terminal and must not enable them.
    """
    before = _moving[0]
    _moving[0] = wanted and sys.stderr.isatty() and not console().is_dumb_terminal
    try:
        yield
    finally:
        _moving[0] = before


def moves() -> bool:
    """Return whether spinners and bars are enabled."""
    return _moving[0]


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Show ``text`` with a spinner during the block."""
    if not moves():
        yield
        return
    from rich.live import Live
    from rich.spinner import Spinner

    show = Spinner("dots", text)
    with Live(show, console=console(), transient=True, redirect_stdout=sys.stdout.isatty()):
        yield


@contextmanager
def bar(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with ``text`` during the block; yield the function that advances it."""
    if not moves():
        yield lambda steps: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    stdout_too = sys.stdout.isatty()  # what is printed into a file must not come here
    with Progress(
        *columns, console=console(), transient=True, redirect_stdout=stdout_too
    ) as progress:
        task = progress.add_task(text, total=total)
        yield lambda steps: progress.advance(task, steps)


class LogHandler(logging.Handler):
    """Print log lines to stderr, above a bar or spinner if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line verbatim, without markup or wrapping."""
        try:
            console().out(self.format(record), highlight=False)
        except Exception:
            self.handleError(record)
