"""Errors that a user can mend: each message is one line and names the argument and the value."""

from __future__ import annotations

import traceback
from pathlib import Path


class GraphSSLError(Exception):
    """Base of every expected error; the command line prints it as one line without traceback."""


class ConfigError(GraphSSLError, ValueError):
    """An argument has a value that cannot work."""


class DataError(GraphSSLError):
    """A graph or a file of it is missing, corrupted or does not fit what is asked of it."""


class TrainingError(GraphSSLError):
    """Training cannot go on: loss not finite, out of memory."""


class NotFiniteError(TrainingError):
    """What is to be measured is not finite, or not to be told from overflow and rounding."""


class RunBusyError(GraphSSLError):
    """Another process is making this run, and ``collision=skip`` says not to wait for it."""


def words(error: BaseException) -> str:
    """``Class: message`` in one line, and where it was raised if there is no message."""
    said, kind = " ".join(str(error).split()), type(error).__name__
    if said:
        return f"{kind}: {said}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f", raised in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{kind} without a message{place}"
