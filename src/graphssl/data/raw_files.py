"""Collect the raw files of a dataset from the data folder, a mirror or a download."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from graphssl.errors import DataError

STALL_SECONDS = 30.0


def collect(
    names: Sequence[str], staging: Path, places: Sequence[Path], download: Callable[[], None]
) -> list[Path]:
    """Copy or download every file in ``names`` into the folder ``staging``.

    Args:
        names: file names.
        staging: an existing empty folder.
        places: folders to search before any download, in order; they are never written to.
        download: function that fetches all files into ``staging``.

    Returns:
        The sources of the copied files.

    Raises:
        DataError: files are not available; the message names the places that were tried, and the
            folder into which to put them.
    """
    missing, copied = [], []
    for name in names:
        source = next((place / name for place in places if (place / name).is_file()), None)
        if source is None:
            missing.append(name)
        else:
            shutil.copyfile(source, staging / name)
            copied.append(source)
    if not missing:
        return copied
    try:
        with _impatient_sockets():
            download()
        reason = "the download is incomplete"
    except Exception as error:  # PyG's download paths raise errors of several classes
        reason = f"the download failed ({type(error).__name__}: {error})"
    if not all((staging / name).is_file() for name in names):
        tried = " or ".join(str(place) for place in places)
        raise DataError(
            f"{', '.join(missing)} not found in {tried}, and {' '.join(reason.split())}: "
            f"put {'it' if len(missing) == 1 else 'them'} into {places[-1]}"
        )
    return copied


@contextmanager
def _impatient_sockets() -> Iterator[None]:
    """Set a timeout on sockets: PyG's downloads have none, and a silent host would hang them."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
