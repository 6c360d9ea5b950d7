"""Read curves over training and spectra of layers from run folders."""

from __future__ import annotations

import json
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
    """Values of several runs at common points.

    Attributes:
        x: the points that all runs have.
        values: (runs, len(x)).
    """

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
        """Minimum and maximum over runs."""
        return self.values.min(axis=0), self.values.max(axis=0)


def evaluation_curve(folders: Iterable[str], key: str) -> Curve | None:
    """Read ``key`` at every evaluation during training; None with fewer than two steps."""
    return _curve([_over_steps(_rows(folder), key) for folder in folders])


def layer_ranks(folders: Iterable[str]) -> dict[str, Curve]:
    """Read every layer's effective rank over training: ``<where>`` -> curve."""
    runs = []
    for folder in folders:
        rows = _rows(folder)
        keys = dict.fromkeys(key for row in rows for key in row if key.endswith(f"/{_RANK}"))
        ranks = {key.removesuffix(f"/{_RANK}"): _over_steps(rows, key) for key in keys}
        runs.append(_layers(ranks))
    curves = {where: _curve([run[where] for run in runs]) for where in _common(runs)}
    return {where: curve for where, curve in curves.items() if curve is not None}


def layer_spectra(folders: Iterable[str]) -> dict[str, Curve]:
    """Read every layer's centred spectrum at the last step, divided by its largest value.

    Returns:
        ``<where>`` -> curve over the index of the singular value.
    """
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
    """Read the singular values of every weight at the last step.

    Returns:
        ``<layer>`` -> curve over the index of the singular value; ``<chain>/product`` is the
        product of the weights of a chain of layers.
    """
    prefix = "weights/"
    return _by_index(
        [
            {key.removeprefix(prefix): s for key, s in arrays.items() if key.startswith(prefix)}
            for arrays in map(_last_spectra, folders)
        ]
    )


def _layers(found: Mapping[str, Any]) -> dict[str, Any]:
    """Drop target networks, which follow the online ones, and duplicates of a network's output."""
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
    """List the keys that every run has, in the order of the first run."""
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
    """Read the last step of ``spectra.npz``: ``<where>/<which>`` -> array; {} if it is damaged."""
    try:
        with (Path(folder) / "spectra.npz").open("rb") as file, np.load(file) as arrays:
            last = max((int(key.split("/")[0]) for key in arrays), default=0)
            keys = [key for key in arrays if key.startswith(f"{last}/")]
            found = {key.split("/", 1)[1]: arrays[key] for key in keys}
    except Exception:  # a damaged archive may raise anything
        return {}
    return {key: values for key, values in found.items() if values.size}


def _over_steps(rows: Iterable[Mapping[str, Any]], key: str) -> dict[int, float]:
    return {
        row["step"]: float(row[key])
        for row in rows
        if type(row.get("step")) is int and type(row.get(key)) in (int, float)
    }


def _rows(folder: str) -> list[dict[str, Any]]:
    """Read the rows of ``metrics.jsonl``, skipping incomplete lines of a killed run."""
    try:
        path = Path(folder) / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [row for row in map(_row, lines) if row]


def _row(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}
