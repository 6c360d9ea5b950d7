"""A clock for the parts of a training step.

``torch.profiler.record_function`` finds the parts too, but not as this table: it records every
operator, 2,450 events and 20 MiB per step of BGRL on Cora (20 and 100 steps measured), so that it
can watch tens of steps and not a run, and a part's own time would have to be computed from the tree
of events.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from torch import nn

_NOTHING = nullcontext()


class Clock:
    """A clock that is off: its blocks measure nothing, at no cost."""

    def __call__(self, part: str) -> AbstractContextManager[None]:
        """Return a context that counts its block as ``part``, except for nested blocks."""
        del part
        return _NOTHING

    def networks(self, objective: nn.Module) -> AbstractContextManager[None]:
        """Return a context that counts calls of the objective's children as two parts.

        Children named ``target*`` count as ``target``, all others as ``online``.
        """
        del objective
        return _NOTHING


class RunningClock(Clock):
    """A clock that adds up the seconds per part; the parts never overlap.

    On a GPU it synchronises at the edges of every block, so a profiled step takes longer than an
    unprofiled one.

    Attributes:
        seconds: part -> seconds so far, in the order in which the parts first ended.
    """

    def __init__(self, device: torch.device) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._first = self._mark = 0.0
        self._wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Count the block's time, excluding nested blocks."""
        self._turn()
        self._open.append(part)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    @contextmanager
    def networks(self, objective: nn.Module) -> Iterator[None]:
        """Count calls of the children of ``objective`` as ``target`` or ``online``."""
        # Shadow the methods inside the block only: copies made outside must not contain them.
        shadowed = [
            (child, method, "target" if name.startswith("target") else "online")
            for name, child in objective.named_children()
            for method in ("forward", "encode_view", "encode_pair")
            if hasattr(child, method)
        ]
        for child, method, part in shadowed:
            setattr(child, method, self._counted(getattr(child, method), part))
        try:
            yield
        finally:
            for child, method, _ in shadowed:
                delattr(child, method)

    @property
    def total(self) -> float:
        """Seconds from the start of the first block to the end of the last, waiting included."""
        return self._mark - self._first

    def _counted(self, method: Callable[..., Any], part: str) -> Callable[..., Any]:
        @wraps(method)
        def counted(*args: Any, **kwargs: Any) -> Any:
            with self(part):
                return method(*args, **kwargs)

        return counted

    def _turn(self) -> None:
        self._wait()
        now = time.perf_counter()
        self._first = self._first or now
        if self._open:
            self.seconds[self._open[-1]] += now - self._mark
        self._mark = now


def write_profile(clock: RunningClock, steps: int, path: Path) -> str:
    """Write ``profile.json``, the mean over ``steps`` steps; return the same as a text table."""
    step_ms = 1000 * clock.total / steps
    parts = {
        part: {"ms": 1000 * seconds / steps, "share": seconds / clock.total}
        for part, seconds in sorted(clock.seconds.items(), key=lambda item: -item[1])
    }
    content = {"steps": steps, "step_ms": step_ms, "parts": parts}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    rows = [f"{part:<13}{row['ms']:9.3f} ms{row['share']:8.1%}" for part, row in parts.items()]
    return "\n".join([f"one step, mean of {steps}: {step_ms:.3f} ms", *rows])
