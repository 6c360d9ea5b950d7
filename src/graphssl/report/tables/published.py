"""Compare our numbers with published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from graphssl.errors import ConfigError
from graphssl.report.network import NO_ENCODER, Network
from graphssl.report.tables.cell import Cell

_FILE = Path(__file__).parent / "published.yaml"
_TOLERANCE = 0.5  # points
_SEEDS = 5


@dataclass(frozen=True)
class Published:
    """One row of a published table.

    Attributes:
        name: key in ``published.yaml``.
        method: description of the method.
        source: paper and table.
        encoder: kind of encoder, in the terms of ``Network``; None if not reported.
        channels: dataset -> widths of the layers, where reported.
        probe: description of the probe; None if not reported.
        protocols: our protocols that correspond to this probe.
        accuracy: dataset -> (mean, std) in %; the std is None if not reported.
        norm: kind of normalisation, in the terms of ``Network``; None if not reported.
        note: what the std is over, and what differs.
    """

    name: str
    method: str
    source: str
    encoder: str | None
    channels: Mapping[str, Sequence[int]]
    probe: str | None
    protocols: Sequence[str]
    accuracy: Mapping[str, tuple[float, float | None]]
    norm: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Offset:
    """Our number and a published one, both in %; ``offset`` is ours - theirs."""

    ours: float
    theirs: float
    theirs_std: float | None
    offset: float
    tolerance: float
    verdict: str


@cache
def load_published() -> Mapping[str, Published]:
    """Load the entries of ``published.yaml``, by name."""
    content: Any = OmegaConf.to_container(OmegaConf.load(_FILE))
    return {name: _entry(name, entry) for name, entry in content.items()}


def published(name: str) -> Published:
    """Return the entry ``name``.

    Raises:
        ConfigError: there is no such entry.
    """
    entries = load_published()
    if name not in entries:
        raise ConfigError(f"published={name}: no such entry; there are {', '.join(entries)}")
    return entries[name]


def offset(cell: Cell, entry: Published, dataset: str, protocol: str, ours: Network) -> Offset:
    """Compare ``cell`` with the accuracy of ``entry`` on ``dataset``.

    Within tolerance means |ours - theirs| <= max(0.5 points, two published std), with five or more
    seeds. If the two are not of the same kind, the verdict names what differs or is unknown.
    """
    mean, std = entry.accuracy[dataset]
    tolerance = max(_TOLERANCE, 2 * (std or 0.0))
    difference = cell.mean - mean
    if unlike := differences(entry, dataset, protocol, ours):
        verdict = "; ".join(unlike)
    elif len(cell.by_seed) < _SEEDS:
        verdict = "too few seeds"
    else:
        verdict = "yes" if abs(difference) <= tolerance + 1e-9 else "no"
    return Offset(cell.mean, mean, std, difference, tolerance, verdict)


def differences(entry: Published, dataset: str, protocol: str, ours: Network) -> list[str]:
    """List the differences that rule out a comparison: encoder, widths, norm, probe."""
    widths = entry.channels.get(dataset)
    shown = "-".join(map(str, widths or ()))
    found = []
    if entry.encoder is None:
        found.append("unknown encoder")
    elif entry.encoder != ours.encoder:
        found.append(f"other encoder: {entry.encoder} {shown}".rstrip())
    elif entry.encoder != NO_ENCODER:
        if widths is None:
            found.append("unknown widths")
        elif tuple(widths) != ours.channels:
            found.append(f"other widths: {shown}")
        if entry.norm is not None and entry.norm != ours.norm:
            found.append(f"other norm: {entry.norm}")
    if entry.probe is None:
        found.append("unknown probe")
    elif protocol not in entry.protocols:
        found.append(f"other probe: {entry.probe}")
    return found


def _entry(name: str, entry: dict[str, Any]) -> Published:
    accuracy = {
        dataset: (float(value[0]), float(value[1]) if len(value) > 1 else None)
        for dataset, value in entry.pop("accuracy").items()
    }
    return Published(name=name, accuracy=accuracy, **entry)
