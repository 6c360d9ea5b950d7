"""Errors that a user can fix; each message is one line and names the argument and the value."""

from __future__ import annotations

import traceback
from pathlib import Path


class GraphSSLError(Exception):
    """Base class of every expected error; the command line prints it on one line, no traceback."""


class ConfigError(GraphSSLError, ValueError):
    """An argument has a value that cannot work."""


class DataError(GraphSSLError):
    """A graph or one of its files is missing, is corrupted or does not fit the request."""


class TrainingError(GraphSSLError):
    """Training cannot continue: the loss is not finite, or memory has run out."""


class NotFiniteError(TrainingError):
    """A value to be measured is not finite, or cannot be told from overflow and rounding."""


class Interrupted(KeyboardInterrupt):
    """A signal ended the run; the message says what is kept of it.

    Attributes:
        signal: its number.
    """

    def __init__(self, message: str, signal: int) -> None:
        super().__init__(message)
        self.signal = signal


class RunBusyError(GraphSSLError):
    """Another process is working on this run, and ``collision=skip`` is set: do not wait for it."""


def words(error: BaseException) -> str:
    r"""Format ``error`` as ``Class: message`` on one line, or with its place if it has no message.

    Example:
        >>> words(ValueError("two\nlines"))
        'ValueError: two lines'
    """
    said, kind = " ".join(str(error).split()), type(error).__name__
    if said:
        return f"{kind}: {said}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f", raised in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{kind} without a message{place}"
