"""Where the time of a training step goes, part by part."""

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
    """A clock that is off: its blocks measure nothing and cost nothing."""

    def __call__(self, part: str) -> AbstractContextManager[None]:
        """The block belongs to ``part``, but for what is inside a block of its own."""
        del part
        return _NOTHING

    def networks(self, objective: nn.Module) -> AbstractContextManager[None]:
        """Inside the block, an objective's ``target_*`` children and its others are two parts."""
        del objective
        return _NOTHING


class RunningClock(Clock):
    """Adds up the seconds of every part; the parts never overlap.

    On a GPU it waits for the device at the edges of every block, so the sum is more than what the
    same step takes unwatched.

    Attributes:
        seconds: part -> seconds so far, in the order they were first left.
    """

    def __init__(self, device: torch.device) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._first = self._mark = 0.0
        self._wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Count the block's time, less that of blocks inside it."""
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
        # Shadowed for the length of the block only: a copy made outside it must not hold these.
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
        """Seconds from the first block to the end of the last, waiting included."""
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
    """Write ``profile.json``, the mean of ``steps`` steps; the same as a table of text."""
    step_ms = 1000 * clock.total / steps
    parts = {
        part: {"ms": 1000 * seconds / steps, "share": seconds / clock.total}
        for part, seconds in sorted(clock.seconds.items(), key=lambda item: -item[1])
    }
    content = {"steps": steps, "step_ms": step_ms, "parts": parts}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    rows = [f"{part:<13}{row['ms']:9.3f} ms{row['share']:8.1%}" for part, row in parts.items()]
    return "\n".join([f"one step, mean of {steps}: {step_ms:.3f} ms", *rows])
