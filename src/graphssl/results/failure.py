"""The file that a failed run writes: cause, traceback and overrides."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from pathlib import Path

from graphssl.atomic import replace_text
from graphssl.errors import ConfigError, DataError, RunBusyError, StoppedError, TrainingError, words

OUT_OF_MEMORY = "out of memory"
_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (TrainingError, "training"),
    (DataError, "data"),
    (ConfigError, "configuration"),
    (RunBusyError, "busy"),
    (StoppedError, "stopped"),
    (MemoryError, OUT_OF_MEMORY),
    (OSError, "file system"),
)


def kind_of(error: BaseException) -> str:
    """Name the cause in a word or two, or else the class of the error."""
    # torch raises a class of its own on a GPU and a plain RuntimeError on a CPU.
    phrases = ("not enough memory", "can't allocate memory")
    if type(error).__name__ == "OutOfMemoryError" or any(text in str(error) for text in phrases):
        return OUT_OF_MEMORY
    return next((word for cls, word in _KINDS if isinstance(error, cls)), type(error).__name__)


def write_failure(path: Path, error: BaseException, overrides: Sequence[str]) -> None:
    """Write ``error`` with its traceback to ``path`` as JSON.

    Raises:
        OSError: the file cannot be written.
    """
    lines = str(error).strip().splitlines() or [words(error)]
    content = {
        "error": kind_of(error),
        "message": lines[0],
        "overrides": list(overrides),
        "traceback": "".join(traceback.format_exception(error)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json.dumps(content, indent=2) + "\n")
