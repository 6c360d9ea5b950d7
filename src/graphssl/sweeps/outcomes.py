"""Jobs of a sweep that did not finish, listed when the sweep ends.

Jobs may run in other processes, so they report through files in the sweep's folder.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from graphssl import shell
from graphssl.atomic import replace_text
from graphssl.config.key_checks import check_keys
from graphssl.errors import ConfigError, raised_in
from graphssl.results.failure import write_failure
from graphssl.results.quantities import names
from graphssl.sweeps import progress
from graphssl.sweeps.launcher import threads_per_job
from graphssl.sweeps.optimize import require_optuna

log = logging.getLogger(__name__)

# Jobs that failed in the sweep that this process started; decides the exit status.
failed: list[str] = []
# Folder of that sweep while it runs.
_folder: list[Path] = []


@contextmanager
def begun(job: Any, overrides: Sequence[str]) -> Iterator[None]:
    """Mark ``job`` (Hydra's configuration of it) as running; a killed job leaves the mark.

    One that finds its own mark was killed and is run again, as Ray and SLURM do.
    """
    path = _note(job, "begun")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        killed = _note(job, "killed")
        killed.parent.mkdir(exist_ok=True)
        replace_text(killed, path.read_text(encoding="utf-8"))
        log.warning("this job was killed and runs again, from its last checkpoint if it has one")
    replace_text(path, json.dumps({"overrides": list(overrides)}))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def note(job: Any, outcome: str, error: Exception, overrides: Sequence[str]) -> None:
    """Report that ``job`` ``failed``, was ``skipped`` or ``pruned``, and why."""
    write_failure(_note(job, outcome), error, overrides)


def ended(sweep_dir: Path, num: int) -> tuple[str, str]:
    """Return the outcome of job ``num``: failed, skipped or pruned with the reason, or done."""
    for outcome in ("failed", "skipped", "pruned"):
        path = sweep_dir / outcome / f"{num}.json"
        if path.exists():
            content = json.loads(path.read_text(encoding="utf-8"))
            return outcome, f"{content['error']}: {content['message']}"
    return "done", ""


def _note(job: Any, outcome: str) -> Path:
    return Path(job.sweep.dir) / outcome / f"{job.job.num}.json"


class ListUnfinished(Callback):
    """Callback that Hydra calls in the process that started the sweep."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Refuse what every job would refuse; remember the sweep in case it ends early.

        Hydra turns any exception of a callback except ``SystemExit`` into a warning.
        """
        try:
            check_keys(config, config.hydra.runtime.choices, config.hydra.overrides.task)
            names(config.optimize)
            threads_per_job(config.hydra.launcher)
            if config.hydra.runtime.choices["hydra/sweeper"] == "optuna":
                require_optuna()
        except ConfigError as error:
            sys.exit(f"graphssl: error: {error}")
        failed.clear()
        _folder[:] = [Path(config.hydra.sweep.dir)]

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print one line per job that was skipped, failed or never ended."""
        close()


def close() -> bool:
    """List the unfinished jobs of the current sweep; return whether there is one."""
    under_way = bool(_folder)
    while _folder:
        _list(_folder.pop())
    return under_way


def cut_short(error: Exception) -> bool:
    """List the unfinished jobs if ``error`` means that the launcher stopped, e.g. at a killed job.

    Returns:
        Whether it does.
    """
    kind = type(error).__module__.partition(".")[0]
    if not {kind, raised_in(error)} & {"joblib", "submitit", "ray"}:
        return False
    line = (str(error).splitlines() or [""])[0]
    print(f"graphssl: error: the launcher stopped: {line}", file=sys.stderr)
    close()
    failed.append(line)
    return True


def _list(folder: Path) -> None:
    if line := progress.summary(folder):
        print(f"graphssl: {line}", file=sys.stderr)
    skipped, lost = _notes(folder / "skipped"), _notes(folder / "begun")
    failed.extend(_notes(folder / "failed") + lost)
    for lines, what in (
        (_notes(folder / "killed"), "killed and run again by the launcher"),
        (skipped, "skipped, in progress in another process"),
        (_notes(folder / "failed"), f"failed (details in {folder / 'failed'})"),
        (lost, "unfinished: killed, or still running under the launcher"),
    ):
        if lines:
            jobs = "1 job" if len(lines) == 1 else f"{len(lines)} jobs"
            print(f"graphssl: {jobs} {what}:", *lines, sep="\n  ", file=sys.stderr)


def _notes(folder: Path) -> list[str]:
    found = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"), key=lambda p: int(p.stem))
    ]
    return [
        ": ".join([shell.join(x["overrides"]), *(x[k] for k in ("error", "message") if k in x)])
        for x in found
    ]
