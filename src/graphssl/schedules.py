"""Schedules as pure functions of the step, counted from 0; ``total`` is the length of the run."""

from __future__ import annotations

import math


def warmup_cosine(step: int, total: int, warmup: int) -> float:
    """Compute the learning-rate factor: linear from 0 over ``warmup`` steps, then cosine to 0.

    ``step / warmup`` while ``step < warmup``, then
    ``(1 + cos(pi * (step - warmup) / (total - warmup))) / 2`` (BGRL, arXiv 2102.06514).

    Example:
        >>> [warmup_cosine(step, total=6, warmup=2) for step in (0, 1, 2, 4, 6)]
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return step / warmup
    if step >= total:
        return 0.0
    return (1.0 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2.0


def warmup_constant(step: int, warmup: int) -> float:
    """Compute the learning-rate factor: linear from 0 over ``warmup`` steps, then 1."""
    return step / warmup if step < warmup else 1.0


def ema_momentum(step: int, total: int, base: float) -> float:
    """Compute the momentum of the target network: cosine from ``base`` to 1.

    ``1 - (1 - base) * (1 + cos(pi * step / total)) / 2`` (BYOL, arXiv 2006.07733; BGRL).

    Example:
        >>> ema_momentum(step=0, total=10, base=0.5), ema_momentum(step=10, total=10, base=0.5)
        (0.5, 1.0)
    """
    return 1.0 - (1.0 - base) * (1.0 + math.cos(math.pi * min(step, total) / total)) / 2.0
