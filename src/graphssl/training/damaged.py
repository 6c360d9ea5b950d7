"""Set aside unreadable diagnostics files, which do not stop a run."""

from __future__ import annotations

import logging
from pathlib import Path

from graphssl.errors import words

log = logging.getLogger(__name__)


def set_aside(path: Path, error: Exception) -> None:
    """Rename the unreadable ``path`` to ``<name>.damaged<k>`` with a warning."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged{number}")).exists():
        number += 1
    path.rename(aside)
    log.warning(
        "%s could not be read (%s): set aside as %s; the run continues without its rows",
        path,
        words(error),
        aside.name,
    )
