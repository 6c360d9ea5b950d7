"""Checks of the content of a ``record.json``. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from reprlib import repr as short
from typing import Any

from graphssl.errors import words
from graphssl.metric_names import METRICS

_FIELDS: dict[str, type] = {
    "id": str,
    "seed": int,
    "choices": dict,
    "config": dict,
    "dataset": dict,
    "selection": dict,
    "labels_used": bool,
    "scores": dict,
    "diagnostics": dict,
    "training": dict,
}


def version_of(content: Any) -> int:
    """Return the behaviour version; raise ``ValueError`` if ``content`` has none."""
    if not isinstance(content, dict):
        raise ValueError(f"must be a JSON object, got {type(content).__name__}")
    version = content.get("behaviour_version")
    if type(version) is not int:
        raise ValueError(f"behaviour_version={short(version)} is not an int")
    return version


def check_record(content: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` if ``content`` is not a valid record of this behaviour version."""
    try:
        _check(content)
    except ValueError:
        raise
    except Exception as error:  # values of unexpected types and sizes may raise anything
        raise ValueError(words(error)) from error


def _check(content: Mapping[str, Any]) -> None:
    for name, kind in _FIELDS.items():
        if name not in content:
            raise ValueError(f"{name} is missing")
        if type(content[name]) is not kind:
            raise ValueError(f"{name}={short(content[name])} is not of type {kind.__name__}")
    if not isinstance(content.get("code", {}), dict):
        raise ValueError(f"code={short(content['code'])} is not a dict")
    if not isinstance(content["selection"].get("metric"), str):
        raise ValueError(f"selection={short(content['selection'])} does not name a metric")
    for group in ("dataset", "encoder", "augmentation", "objective", "regularizer", "trainer"):
        if not isinstance(content["config"].get(group), dict):
            raise ValueError(f"config.{group} is missing")
    for where, values in content["diagnostics"].items():
        if not isinstance(values, dict):
            raise ValueError(f"diagnostics.{where}={short(values)} is not a dict")
    for protocol, scores in content["scores"].items():
        _check_scores(f"scores.{protocol}", scores)


def _check_scores(name: str, entry: Any) -> None:
    if not isinstance(entry, dict):
        raise ValueError(f"{name}={short(entry)} is not a dict")
    for part in ("test", "val"):
        if not isinstance(entry.get(part), dict):
            raise ValueError(f"{name} has no {part} scores")
        for metric, values in entry[part].items():
            _check_values(f"{name}.{part}.{metric}", values)
    if (metric := entry.get("metric")) not in entry["test"]:
        raise ValueError(f"{name}.metric={short(metric)} is not among its test scores")
    printed = entry["test"][metric]
    mean = sum(printed) / len(printed)
    stated = entry.get("test_mean", mean)
    if type(stated) not in (int, float) or not math.isclose(stated, mean, abs_tol=1e-9):
        raise ValueError(f"{name}.test_mean={short(stated)} is not the mean, {mean:.6g}")


def _check_values(name: str, values: Any) -> None:
    if not isinstance(values, list) or not values:
        raise ValueError(f"{name} contains no scores")
    least = 0 if name.rsplit(".", 1)[1] in METRICS else -math.inf
    for value in values:
        if type(value) not in (int, float) or not (math.isfinite(value) and least <= value <= 1):
            raise ValueError(f"{name} contains {short(value)}, which is not a score of at most 1")
