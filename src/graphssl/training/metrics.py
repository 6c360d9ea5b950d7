"""Metrics of training, row by row, to a file and optionally to a logger."""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphssl.atomic import naming, replace_bytes
from graphssl.contracts import Penalty
from graphssl.training.damaged import set_aside
from graphssl.training.loop import StepReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Logger(ABC):
    """Base class of loggers, which receive rows of metrics during a run, and its results.

    The logger that ``logger=`` selects is constructed with ``folder`` (the run's), ``name`` (the
    run's id), ``config`` (plain containers) and ``resume_step`` (the step from which training
    resumes).

    Example:
        >>> class Printer(Logger):
        ...     def log(self, step, values):
        ...         print(step, values)
        >>> Printer().log(10, {"loss": 0.5})
        10 {'loss': 0.5}
    """

    @abstractmethod
    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log one row."""

    def finish(  # noqa: B027
        self, step: int, values: Mapping[str, float], figures: Mapping[str, Figure]
    ) -> None:
        """Log the results of the run; by default this does nothing.

        Args:
            step: the last step.
            values: test and validation scores of every protocol, measures of collapse, pace.
            figures: matplotlib figures of ranks and spectra, by name.
        """

    def close(self) -> None:  # noqa: B027
        """Release resources after the last call, whether or not the run has finished."""


class MetricsFile(Logger):
    """The file ``metrics.jsonl``: one JSON object per line, ``step`` first.

    Args:
        path: the file, created if it does not exist.
        resume_step: step from which training resumes; rows of later steps are removed first. If
            rows are unreadable, a copy of the file is set aside and the readable ones are kept.
    """

    def __init__(self, path: Path, resume_step: int = 0) -> None:
        _cut_back(path, resume_step)
        self._path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row."""
        with naming(self._path):
            self._file.write(json.dumps({"step": step, **values}) + "\n")

    def close(self) -> None:
        """Flush the file to disk and close it."""
        with naming(self._path), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())


def _cut_back(path: Path, step: int) -> None:
    if not path.exists():
        return
    kept, damage = [], None
    for line in path.read_bytes().splitlines(keepends=True):
        if not line.endswith(b"\n"):
            continue  # an incomplete last line, which a killed process may leave
        try:
            # A run that starts over writes all rows again, that of step 0 included.
            if 0 < step >= _step(line):
                kept.append(line)
        except (ValueError, RecursionError) as error:
            damage = error
    if damage is not None:
        set_aside(path, damage)
    replace_bytes(path, b"".join(kept))


def _step(line: bytes) -> int:
    """Return the step of a row; raise ``ValueError`` if the line is not a row."""
    row = json.loads(line)
    if not isinstance(row, dict) or type(row.get("step")) is not int:
        raise ValueError(f"{line[:40]!r} is not a row with a step")
    step: int = row["step"]
    return step


class StepMetrics:
    """An observer that logs loss, penalty, learning rate and pace every ``every`` steps."""

    def __init__(self, loggers: Sequence[Logger], every: int) -> None:
        self.loggers, self.every = loggers, every
        self._mark: tuple[int, float] | None = None

    def __call__(self, report: StepReport) -> None:
        """Log every ``every`` steps, and after the last."""
        if report.step % self.every and report.step != report.total:
            return
        now = time.perf_counter()
        row = {"loss": report.loss.item(), "learning_rate": report.learning_rate}
        if report.penalty.per_layer:
            row |= _penalty_row(report.penalty)
        if self._mark is not None and now > self._mark[1]:
            row["steps_per_second"] = (report.step - self._mark[0]) / (now - self._mark[1])
        self._mark = (report.step, now)
        for logger in self.loggers:
            logger.log(report.step, row)


def _penalty_row(penalty: Penalty) -> dict[str, float]:
    """Return value, floor and difference, of the total (with alphas) and of every layer."""
    values = {"": penalty.total.item()}
    values |= {f"/{layer}": value.item() for layer, value in penalty.per_layer.items()}
    floors = {"": penalty.floor} | {f"/{layer}": f for layer, f in penalty.floors.items()}
    row = {f"penalty{where}": value for where, value in values.items()}
    row |= {f"penalty_floor{where}": floor for where, floor in floors.items()}
    return row | {f"penalty_above_floor{w}": values[w] - floor for w, floor in floors.items()}
