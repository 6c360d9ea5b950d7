"""The folder of runs: one folder per id, one process at a time in it."""

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
    """``paths.runs``; nothing is made in it before a run begins.

    Raises:
        ConfigError: the folder cannot be written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        place = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
        if not place.is_dir():
            raise ConfigError(f"paths.runs={root} cannot be written: {place} is not a folder")
        if not os.access(place, os.W_OK | os.X_OK):
            raise ConfigError(f"paths.runs={root} cannot be written: no permission in {place}")

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
        path, locks = self.root / f"{name}-{run_id}", self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock_file = locks / f"{run_id}.lock"
        with ExitStack() as held:
            try:
                held.enter_context(exclusive(path, lock_file, wait=False))
            except BusyError:
                if not wait:
                    raise RunBusyError(f"another process is making {path}") from None
                log.info("another process is making %s: waiting for it (collision=wait)", path)
                held.enter_context(exclusive(path, lock_file))
            if afresh and any(path.iterdir()):
                path.rename(_free_name(path))
                held.enter_context(holding(path))
            for left in path.glob(f".*{PARTIAL}"):  # by a process that was killed
                left.unlink()
            yield path


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.old{number}")).exists():
        number += 1
    return aside
