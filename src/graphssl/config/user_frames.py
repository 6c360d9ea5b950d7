"""Tracebacks of errors in custom code, reduced to the frames that lie in it."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

from graphssl.errors import GraphSSLError

_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = ("stdlib", "platstdlib", "purelib", "platlib")
_INSTALLED = tuple({sysconfig.get_path(name) for name in _PLACES})


def user_frames(error: BaseException) -> list[str]:
    """Format the frames of ``error`` that lie in custom code, outermost first.

    Custom code is code that graphssl called in files that are neither its own nor installed. In a
    chain of errors, those that graphssl itself raised are skipped: their message suffices.
    """
    cause: BaseException | None = error
    while isinstance(cause, GraphSSLError):
        cause = cause.__cause__
    found: list[traceback.FrameSummary] = []
    inside = False  # frames before the first one of ours, e.g. a notebook's, are not shown
    while cause is not None and not found:
        for frame in traceback.extract_tb(cause.__traceback__):
            ours = Path(frame.filename).is_relative_to(_PACKAGE)
            inside = inside or ours
            if inside and not ours and _is_custom(frame.filename):
                found.append(frame)
        cause = cause.__cause__ or cause.__context__
    return traceback.format_list(found)


def _is_custom(filename: str) -> bool:
    # Compiled code gives names as they were when it was compiled: numpy/random/_generator.pyx.
    return not filename.startswith(("<", *_INSTALLED)) and not filename.endswith(".pyx")
