"""Everything that is shown besides results: log lines, a spinner, a bar.

All of it goes to stderr through one console, so that a log line lands above whatever moves below.
Imports no torch.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_moving = [False]


@cache
def console() -> Console:
    """The console of stderr."""
    from rich.console import Console

    return Console(stderr=True)


@contextmanager
def moving(wanted: bool) -> Iterator[None]:
    """Let spinners and bars move inside the block, if they are ``wanted`` and stderr can show them.

    Jobs that run in parallel share one terminal and must not want them.
    """
    before = _moving[0]
    _moving[0] = wanted and sys.stderr.isatty() and not console().is_dumb_terminal
    try:
        yield
    finally:
        _moving[0] = before


def moves() -> bool:
    """Whether spinners and bars move now."""
    return _moving[0]


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Show ``text`` beside a spinner for as long as the block takes."""
    if not moves():
        yield
        return
    from rich.live import Live
    from rich.spinner import Spinner

    show = Spinner("dots", text)
    with Live(show, console=console(), transient=True, redirect_stdout=sys.stdout.isatty()):
        yield


class LogHandler(logging.Handler):
    """Print log lines to stderr, above a bar or spinner if one moves."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line, as it is: no markup, no wrapping."""
        try:
            console().out(self.format(record), highlight=False)
        except Exception:
            self.handleError(record)
