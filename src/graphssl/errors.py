"""Errors that a user can fix; each message is one line and names the argument and the value."""

from __future__ import annotations

import traceback
from pathlib import Path


class GraphSSLError(Exception):
    """Base class of expected errors; the command line prints them on one line, no traceback."""


class ConfigError(GraphSSLError, ValueError):
    """An argument has an invalid value."""


class DataError(GraphSSLError):
    """A graph or one of its files is missing, is corrupted or does not fit the request."""


class TrainingError(GraphSSLError):
    """Training cannot continue: the loss is not finite, or memory has run out."""


class NotFiniteError(TrainingError):
    """A measured value is not finite, or is indistinguishable from overflow or rounding."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the run; the message describes where it can resume.

    Attributes:
        signal: number of the signal.
    """

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal = signal


class RunBusyError(GraphSSLError):
    """Another process is working on this run, and ``collision=skip`` says not to wait for it."""


class StoppedError(GraphSSLError):
    """Whoever watches this run gave it up, as a search does with a trial that it prunes."""


def raised_in(error: BaseException) -> str:
    """Return the name of the package whose code raised ``error``; empty if it was not raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return str(frames[-1].f_globals.get("__name__", "")).partition(".")[0] if frames else ""


def words(error: BaseException) -> str:
    r"""Format ``error`` on one line as ``Class: message``, or with its place if it has no message.

    Example:
        >>> words(ValueError("two\nlines"))
        'ValueError: two lines'
    """
    message, kind = " ".join(str(error).split()), type(error).__name__
    if message:
        return f"{kind}: {message}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f", raised in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{kind} without a message{place}"
