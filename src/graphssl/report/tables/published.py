"""Published numbers beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from graphssl.errors import ConfigError
from graphssl.report.tables.cell import Cell

_FILE = Path(__file__).parent / "published.yaml"
_TOLERANCE = 0.5  # points
_SEEDS = 5


@dataclass(frozen=True)
class Published:
    """One row of somebody's table.

    Attributes:
        name: key in ``published.yaml``.
        method: what was measured, in words.
        source: where the numbers stand.
        protocols: ours that measure the same, so that a verdict can be given.
        accuracy: dataset -> (mean, std), %; the std is None where none is given.
        note: what the std is over, what differs.
    """

    name: str
    method: str
    source: str
    protocols: tuple[str, ...]
    accuracy: Mapping[str, tuple[float, float | None]]
    note: str = ""


@dataclass(frozen=True)
class Offset:
    """Our number beside a published one, both in %; ``offset`` is ours - theirs."""

    ours: float
    theirs: float
    theirs_std: float | None
    offset: float
    tolerance: float
    verdict: str


@cache
def load_published() -> Mapping[str, Published]:
    """The entries of ``published.yaml`` by name."""
    content: Any = OmegaConf.to_container(OmegaConf.load(_FILE))
    return {name: _entry(name, entry) for name, entry in content.items()}


def published(name: str) -> Published:
    """The entry ``name``.

    Raises:
        ConfigError: there is none.
    """
    entries = load_published()
    if name not in entries:
        raise ConfigError(f"published={name}: no such entry; there are {', '.join(entries)}")
    return entries[name]


def offset(cell: Cell, entry: Published, dataset: str, protocol: str) -> Offset:
    """``cell`` beside what ``entry`` says of ``dataset``.

    Within tolerance: |ours - theirs| <= max(0.5 point, two published std), from five seeds on, and
    under the same protocol.
    """
    mean, std = entry.accuracy[dataset]
    tolerance = max(_TOLERANCE, 2 * (std or 0.0))
    difference = cell.mean - mean
    if protocol not in entry.protocols:
        verdict = "other protocol"
    elif len(cell.by_seed) < _SEEDS:
        verdict = "too few seeds"
    else:
        verdict = "yes" if abs(difference) <= tolerance + 1e-9 else "no"
    return Offset(cell.mean, mean, std, difference, tolerance, verdict)


def _entry(name: str, entry: dict[str, Any]) -> Published:
    accuracy = {
        dataset: (float(value[0]), float(value[1]) if len(value) > 1 else None)
        for dataset, value in entry.pop("accuracy").items()
    }
    protocols = tuple(entry.pop("protocols"))
    return Published(name=name, accuracy=accuracy, protocols=protocols, **entry)
