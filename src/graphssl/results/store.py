"""The folder of runs: one folder an id, one process at a time in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from graphssl.errors import ConfigError


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
    def folder(self, name: str, run_id: str, afresh: bool = False) -> Iterator[Path]:
        """The folder of run ``run_id``, held until the block ends; others wait.

        Args:
            name: what the folder's name begins with, for people.
            run_id: what its name ends with, for programs.
            afresh: put what is there aside under a name of its own, and begin with an empty one.
        """
        with FileLock(self.root / ".locks" / f"{run_id}.lock"):
            path = self.root / f"{name}-{run_id}"
            if afresh and path.exists():
                path.rename(_free_name(path))
            path.mkdir(exist_ok=True)
            yield path


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.old{number}")).exists():
        number += 1
    return aside
