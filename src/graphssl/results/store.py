"""The folder of runs: one folder per id, locked by one process at a time."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from graphssl.atomic import PARTIAL
from graphssl.errors import ConfigError, RunBusyError
from graphssl.locks import BusyError, exclusive, holding

log = logging.getLogger(__name__)


class RunStore:
    """The folder ``paths.runs``, created when the first run begins.

    Raises:
        ConfigError: the folder is not writable.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        place = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
        if not place.is_dir():
            raise ConfigError(f"paths.runs={root} cannot be written: {place} is not a folder")
        if not os.access(place, os.W_OK | os.X_OK):
            raise ConfigError(f"paths.runs={root} cannot be written: no permission in {place}")

    def holds_record(self, name: str, run_id: str) -> bool:
        """Check whether the run has a record, without holding its folder."""
        return (self.root / f"{name}-{run_id}" / "record.json").exists()

    @contextmanager
    def folder(
        self, name: str, run_id: str, *, afresh: bool = False, wait: bool = True
    ) -> Iterator[Path]:
        """Lock the folder of run ``run_id`` for the length of the block, and create it if needed.

        The kernel releases the lock when its holder dies.

        Args:
            name: readable first part of the folder's name.
            run_id: last part of the folder's name.
            afresh: rename an existing folder and start with an empty one.
            wait: wait if another process holds the lock.

        Raises:
            RunBusyError: another process holds the lock, and ``wait`` is false.
        """
        path, locks = self.root / f"{name}-{run_id}", self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock_file = locks / f"{run_id}.lock"
        with ExitStack() as held:
            try:
                held.enter_context(exclusive(path, lock_file, wait=False))
            except BusyError:
                if not wait:
                    raise RunBusyError(f"another process is working on {path}") from None
                log.info("another process is working on %s: waiting (collision=wait)", path)
                held.enter_context(exclusive(path, lock_file))
            if afresh and any(path.iterdir()):
                path.rename(_free_name(path))
                held.enter_context(holding(path))
            for left in path.glob(f".*{PARTIAL}"):  # left by a killed process
                left.unlink()
            yield path


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.old{number}")).exists():
        number += 1
    return aside
