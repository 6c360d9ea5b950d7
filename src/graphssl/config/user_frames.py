"""What a custom class did when it raised: its own frames, without those of the machinery around."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path

from graphssl.errors import GraphSSLError

_PACKAGE = Path(__file__).resolve().parents[1]
_PLACES = ("stdlib", "platstdlib", "purelib", "platlib")
_INSTALLED = tuple({sysconfig.get_path(name) for name in _PLACES})


def user_frames(error: BaseException) -> list[str]:
    """Format the frames of ``error`` that lie in custom code, outermost first; none if none do.

    Custom code is what graphssl called in files that are neither its own nor installed. Of a chain
    of errors, those that graphssl raised itself are passed over: their one line says it all.
    """
    cause: BaseException | None = error
    while isinstance(cause, GraphSSLError):
        cause = cause.__cause__
    found: list[traceback.FrameSummary] = []
    inside = (
        False  # of what stands before the first frame of ours, say a notebook, nothing is shown
    )
    while cause is not None and not found:
        for frame in traceback.extract_tb(cause.__traceback__):
            ours = Path(frame.filename).is_relative_to(_PACKAGE)
            inside = inside or ours
            if inside and not ours and _is_custom(frame.filename):
                found.append(frame)
        cause = cause.__cause__ or cause.__context__
    return traceback.format_list(found)


def _is_custom(filename: str) -> bool:
    return not filename.startswith(("<", *_INSTALLED))
