"""The folder of runs: one folder an id, one process at a time in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from graphssl.errors import ConfigError, RunBusyError

log = logging.getLogger(__name__)


class RunStore:
    """``paths.runs``.

    Raises:
        ConfigError: the folder cannot be written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            (root / ".locks").mkdir(parents=True, exist_ok=True)
            probe = root / ".locks" / ".writable"
            probe.touch()
        except OSError as error:
            raise ConfigError(f"paths.runs={root} cannot be written: {error.strerror}") from None

    @contextmanager
    def folder(
        self, name: str, run_id: str, *, afresh: bool = False, wait: bool = True
    ) -> Iterator[Path]:
        """The folder of run ``run_id``, held until the block ends.

        Args:
            name: what the folder's name begins with, for people.
            run_id: what its name ends with, for programs.
            afresh: put what is there aside under a name of its own, and begin with an empty one.
            wait: for another process that holds it, which the kernel lets go of when it dies.

        Raises:
            RunBusyError: another process holds it, and ``wait`` is false.
        """
        path = self.root / f"{name}-{run_id}"
        lock = FileLock(self.root / ".locks" / f"{run_id}.lock")
        try:
            held = lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise RunBusyError(f"another process is making {path}") from None
            log.info("another process is making %s: waiting for it (collision=wait)", path)
            held = lock.acquire()
        with held:
            if afresh and path.exists():
                path.rename(_free_name(path))
            path.mkdir(exist_ok=True)
            yield path


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.old{number}")).exists():
        number += 1
    return aside
