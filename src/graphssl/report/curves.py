"""What a run folder holds beside its record: curves over training, spectra of layers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_RANK = "effective_rank_centred"


@dataclass(frozen=True, eq=False)
class Curve:
    """Mean over runs and the range between them, at the steps that all of them have."""

    steps: list[int]
    mean: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def rank_curve(folders: Sequence[str]) -> Curve | None:
    """Effective rank over training, from ``metrics.jsonl``; None with fewer than two steps."""
    found = [curve for folder in folders if (curve := _ranks(Path(folder)))]
    steps = sorted(set.intersection(*(set(curve) for curve in found))) if found else []
    if len(steps) < 2:
        return None
    values = np.array([[curve[step] for step in steps] for curve in found])
    return Curve(steps, values.mean(axis=0), values.min(axis=0), values.max(axis=0))


def spectra(folder: str) -> dict[str, npt.NDArray[np.float64]]:
    """``<where>/<layer>`` -> centred singular values over the largest, from ``spectra.npz``."""
    path = Path(folder) / "spectra.npz"
    if not folder or not path.exists():
        return {}
    try:
        with np.load(path) as arrays:
            found = {key: arrays[key] for key in arrays if key.endswith("/centred")}
    except (OSError, ValueError, zipfile.BadZipFile):
        return {}
    return {
        key.removesuffix("/centred"): values / values[0]
        for key, values in found.items()
        if values.size and values[0] > 0
    }


def _ranks(folder: Path) -> dict[int, float]:
    """Step -> rank; half lines, as a killed run leaves them, are passed over."""
    try:
        lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    rows = map(_row, lines)
    return {int(row["step"]): float(row[_RANK]) for row in rows if _RANK in row and "step" in row}


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
