"""Save a checkpoint before a signal ends the process."""

from __future__ import annotations

import logging
import math
import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any

from graphssl.errors import ConfigError
from graphssl.training.checkpoint import Checkpointer
from graphssl.training.loop import StepReport

log = logging.getLogger(__name__)

_UNCATCHABLE = (signal.SIGKILL, signal.SIGSTOP)


def named_signals(names: Sequence[str]) -> list[signal.Signals]:
    """Look up signals by name, such as ``INT`` or ``SIGINT``.

    Raises:
        ConfigError: a signal does not exist, or cannot be caught.

    Example:
        >>> [found.name for found in named_signals(["INT", "SIGTERM"])]
        ['SIGINT', 'SIGTERM']
    """
    known = {s.name.removeprefix("SIG"): s for s in signal.Signals if s not in _UNCATCHABLE}
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise ConfigError(f"trainer.checkpoint_on must be a list of signals, got {names!r}")
    for name in names:
        if str(name).removeprefix("SIG") not in known:
            raise ConfigError(
                f"trainer.checkpoint_on={list(names)}: {name} is not a signal that can be caught; "
                "usual ones are INT, TERM, USR1, USR2"
            )
    return [known[str(name).removeprefix("SIG")] for name in names]


class Interruption:
    """An observer that saves a checkpoint after a signal, then passes the signal on.

    The current step is completed first. Then the previous handler takes over: Python, which raises
    ``KeyboardInterrupt``, submitit, which has the job requeued, or the system, which ends the
    process. If that handler returns, training continues. A second signal is passed on at once.
    Handlers are installed in the main thread only, and not for an ignored signal.

    Args:
        checkpointer: saves the checkpoint.
        signals: the signals to handle.
    """

    def __init__(self, checkpointer: Checkpointer, signals: Sequence[signal.Signals]) -> None:
        self.checkpointer, self.signals = checkpointer, signals
        self._before: dict[int, Callable[[int, FrameType | None], Any] | int] = {}
        self._received: int | None = None
        self._last: StepReport | None = None

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in self.signals:
                before = signal.getsignal(number)
                if before not in (signal.SIG_IGN, None):
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None and self._last is not None:  # a signal may have come since
                self(self._last)
        finally:
            for number, before in self._before.items():
                signal.signal(number, before)

    def __call__(self, report: StepReport) -> None:
        """Save a checkpoint and pass the signal on, if one has come."""
        self._last = report
        if self._received is None:
            return
        name = signal.Signals(self._received).name
        if math.isfinite(report.loss.item() + report.penalty.total.item()):
            self.checkpointer.save(report.state)
            log.warning("%s: checkpoint saved at step %d of %d", name, report.step, report.total)
        self._pass_on(self._received)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._received is None:
            self._received = number
        else:
            self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        self._received = None
        signal.signal(number, self._before[number])
        signal.raise_signal(number)
        signal.signal(number, self._note)
