"""What a run folder holds beside its record: curves over training, spectra of layers."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

K = TypeVar("K")
Array = npt.NDArray[np.float64]
_RANK = "effective_rank_centred"
_KEPT = ("representation", "embedding")


@dataclass(frozen=True, eq=False)
class Curve:
    """Runs at the ``x`` that all of them have: values (runs, len(x))."""

    x: Sequence[int]
    values: Array

    @property
    def mean(self) -> Array:
        """Mean over runs."""
        return np.asarray(self.values.mean(axis=0))

    @property
    def median(self) -> Array:
        """Median over runs."""
        return np.median(self.values, axis=0)

    @property
    def range(self) -> tuple[Array, Array]:
        """The least and the largest of the runs."""
        return self.values.min(axis=0), self.values.max(axis=0)


def evaluation_curve(folders: Iterable[str], key: str) -> Curve | None:
    """``key`` at every evaluation in training; None with fewer than two steps."""
    return _curve([_over_steps(_rows(folder), key) for folder in folders])


def layer_ranks(folders: Iterable[str]) -> dict[str, Curve]:
    """``<where>`` -> effective rank over training of every layer, from ``metrics.jsonl``."""
    runs = []
    for folder in folders:
        rows = _rows(folder)
        keys = dict.fromkeys(key for row in rows for key in row if key.endswith(f"/{_RANK}"))
        ranks = {key.removesuffix(f"/{_RANK}"): _over_steps(rows, key) for key in keys}
        runs.append(_layers(ranks))
    curves = {where: _curve([run[where] for run in runs]) for where in _common(runs)}
    return {where: curve for where, curve in curves.items() if curve is not None}


def layer_spectra(folders: Iterable[str]) -> dict[str, Curve]:
    """``<where>`` -> centred singular values over the largest, at the last step of each run."""
    runs = []
    for folder in folders:
        centred = {
            key.removesuffix("/centred"): values
            for key, values in _last_spectra(folder).items()
            if key.endswith("/centred") and values[0] > 0
        }
        runs.append({where: s / s[0] for where, s in _layers(centred).items()})
    return _by_index(runs)


def weight_spectra(folders: Iterable[str]) -> dict[str, Curve]:
    """``<layer>`` -> singular values of its weight, at the last step of each run.

    ``<chain>/product`` are those of the product over a chain of layers.
    """
    prefix = "weights/"
    return _by_index(
        [
            {key.removeprefix(prefix): s for key, s in arrays.items() if key.startswith(prefix)}
            for arrays in map(_last_spectra, folders)
        ]
    )


def _layers(found: Mapping[str, Any]) -> dict[str, Any]:
    """Without targets, which follow the online network, and what repeats a whole network."""
    whole = [found[where] for where in _KEPT if where in found]
    return {
        where: values
        for where, values in found.items()
        if not where.startswith("target_")
        and (where in _KEPT or not any(_same(values, other) for other in whole))
    }


def _same(a: Any, b: Any) -> bool:
    return a == b if isinstance(a, dict) else np.array_equal(a, b)


def _common(runs: Sequence[Mapping[K, Any]]) -> list[K]:
    """Keys that every run has, in the order of the first."""
    return [key for key in runs[0] if all(key in run for run in runs)] if runs else []


def _by_index(runs: Sequence[Mapping[str, Array]]) -> dict[str, Curve]:
    curves = {}
    for where in _common(runs):
        spectra = [run[where] for run in runs]
        size = min(map(len, spectra))
        curves[where] = Curve(range(1, size + 1), np.array([s[:size] for s in spectra], float))
    return curves


def _curve(runs: Sequence[Mapping[int, float]]) -> Curve | None:
    runs = [run for run in runs if run]
    steps = sorted(_common(runs))
    if len(steps) < 2:
        return None
    return Curve(steps, np.array([[run[step] for step in steps] for run in runs]))


def _last_spectra(folder: str) -> dict[str, Array]:
    """``<where>/<which>`` -> array of the last step in ``spectra.npz``; {} where it is damaged."""
    try:
        with np.load(Path(folder) / "spectra.npz") as arrays:
            last = max((int(key.split("/")[0]) for key in arrays), default=0)
            keys = [key for key in arrays if key.startswith(f"{last}/")]
            found = {key.split("/", 1)[1]: arrays[key] for key in keys}
    except (OSError, ValueError, zipfile.BadZipFile):
        return {}
    return {key: values for key, values in found.items() if values.size}


def _over_steps(rows: Iterable[Mapping[str, Any]], key: str) -> dict[int, float]:
    return {int(row["step"]): float(row[key]) for row in rows if key in row and "step" in row}


def _rows(folder: str) -> list[dict[str, Any]]:
    """Rows of ``metrics.jsonl``; half lines, as a killed run leaves them, are passed over."""
    try:
        lines = (Path(folder) / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [row for row in map(_row, lines) if row]


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
