"""Folders that one process at a time works in."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


class BusyError(Exception):
    """Another process holds the folder."""


@contextmanager
def exclusive(folder: Path, lock_file: Path, wait: bool = True) -> Iterator[None]:
    """Lock ``folder`` for this process inside the block; create it if it does not exist.

    There are two locks, both released by the kernel when their holder dies: one on ``lock_file``,
    which also works on network file systems, and one on the folder itself, which still holds if the
    lock file is deleted.

    Args:
        folder: the folder; its parents are created, too.
        lock_file: the lock file, in an existing folder.
        wait: whether to wait for a process that holds the folder, instead of raising.

    Raises:
        BusyError: another process holds it, and ``wait`` is false.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> with exclusive(root / "run", root / ".lock"):
        ...     (root / "run").is_dir()
        True
    """
    lock_file.touch()  # what cannot be made would be waited for
    try:
        held = FileLock(lock_file).acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise BusyError from None
    with held, holding(folder, wait):
        yield


@contextmanager
def holding(folder: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock on ``folder`` itself, where its file system has locks on folders."""
    descriptor = _locked(folder, wait)
    try:
        yield
    finally:
        os.close(descriptor)


def _locked(folder: Path, wait: bool) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            raise BusyError from None
        except OSError:  # NFS, for one, locks no folders
            return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        if _is_at(descriptor, folder):
            return descriptor
        os.close(descriptor)  # moved or deleted while we waited


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
