"""Metrics of training, row by row: to a file always, to another logger by choice."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from graphssl.atomic import replace_text
from graphssl.contracts import Penalty
from graphssl.training.loop import StepReport


class Logger(Protocol):
    """Takes rows of metrics."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Take one row."""
        ...

    def close(self) -> None:
        """No row follows."""
        ...


class MetricsFile:
    """``metrics.jsonl``: one JSON object a line, ``step`` first.

    Args:
        path: the file, made if it is not there.
        resume_step: rows after this step are cut off first; they come again.
    """

    def __init__(self, path: Path, resume_step: int = 0) -> None:
        _cut_back(path, resume_step)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Append one row."""
        self._file.write(json.dumps({"step": step, **values}) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _cut_back(path: Path, step: int) -> None:
    if not path.exists():
        return
    # A run that starts again starts its rows again, that of step 0 too.
    kept = [line for line in _whole_lines(path) if step > 0 and json.loads(line)["step"] <= step]
    replace_text(path, "".join(kept))


def _whole_lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    # A killed process may leave half a last line.
    return [line for line in lines if line.endswith("\n")]


class StepMetrics:
    """An observer that logs loss, penalty, learning rate and pace every ``every`` steps."""

    def __init__(self, loggers: Sequence[Logger], every: int) -> None:
        self.loggers, self.every = loggers, every
        self._mark: tuple[int, float] | None = None

    def __call__(self, report: StepReport) -> None:
        """Log when it is time."""
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
    """Value, floor and value above floor: of the total, alphas applied, and of every layer."""
    values = {"": penalty.total.item()}
    values |= {f"/{layer}": value.item() for layer, value in penalty.per_layer.items()}
    floors = {"": penalty.floor} | {f"/{layer}": f for layer, f in penalty.floors.items()}
    row = {f"penalty{where}": value for where, value in values.items()}
    row |= {f"penalty_floor{where}": floor for where, floor in floors.items()}
    return row | {f"penalty_above_floor{w}": values[w] - floor for w, floor in floors.items()}
