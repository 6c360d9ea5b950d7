"""The folder of a run while a process works on it."""

from __future__ import annotations

import logging
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphssl.errors import ConfigError, Interrupted, StoppedError
from graphssl.pipeline.request import Request
from graphssl.results.failure import write_failure
from graphssl.training.checkpoint import kept

log = logging.getLogger(__name__)


@contextmanager
def held_folder(request: Request, graph: str, run_id: str) -> Iterator[Path]:
    """Hold the run's folder inside the block, and note there why the run failed if it does."""
    name, config = request.folder_name(graph), request.config
    wait = config.collision == "wait"
    with request.store.folder(name, run_id, afresh=config.force, wait=wait) as folder:
        failure, fresh = folder / "failed.json", not any(folder.iterdir())
        try:
            yield folder
        except KeyboardInterrupt as stop:
            number = stop.signal if isinstance(stop, Interrupted) else signal.SIGINT
            raise Interrupted(kept(folder), number) from None
        except StoppedError:
            raise
        except Exception as error:
            saved = any((folder / name).exists() for name in ("record.json", "checkpoint.pt"))
            if fresh and not saved and isinstance(error, ConfigError):
                shutil.rmtree(folder)  # refused: there is no run to speak of
                raise
            try:
                write_failure(failure, error, request.overrides)
            except OSError as unwritten:  # often the same that stopped the run
                log.warning("%s", unwritten)
            raise
        failure.unlink(missing_ok=True)
