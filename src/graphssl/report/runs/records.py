"""What lies in a folder of runs: records that hold together, and what is wrong with the rest.

``record.json`` is read here as plain JSON, not through ``results.record``, which needs torch.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphssl.errors import DataError
from graphssl.metric_names import METRICS
from graphssl.results.identity import BEHAVIOUR_VERSION

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
_SIGNS = ("record.json", "failed.json", "config.yaml")
# `force=true` puts a finished run aside under such a name.
_PUT_ASIDE = re.compile(r"\.old\d+$")


@dataclass(frozen=True)
class Record:
    """A finished run: its folder and the content of its ``record.json``."""

    folder: Path
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """A run that is in no table.

    Attributes:
        kind: ``unreadable``, ``stale``, ``duplicate``, ``failed`` or ``unfinished``.
        folder: the run's folder.
        reason: one line.
        command: what mends it; empty where nobody wrote down how the run was started.
    """

    kind: str
    folder: Path
    reason: str
    command: str = ""


@dataclass(frozen=True)
class Runs:
    """All that a folder of runs holds."""

    records: tuple[Record, ...]
    problems: tuple[Problem, ...]


def read_runs(root: Path, behaviour_version: int = BEHAVIOUR_VERSION) -> Runs:
    """Every run at or below ``root``, in the order of the folders' names.

    Raises:
        DataError: there is no such folder, or no run in it.
    """
    if not root.is_dir():
        raise DataError(f"{root} is no folder of runs")
    folders = sorted({path.parent for sign in _SIGNS for path in root.rglob(sign)})
    folders = [f for f in folders if not any(_PUT_ASIDE.search(part) for part in f.parts)]
    if not folders:
        raise DataError(f"{root} holds no runs: no folder in it has a record.json")
    records: dict[str, Record] = {}
    problems = []
    for folder in folders:
        found = _read(folder, behaviour_version)
        if isinstance(found, Problem):
            problems.append(found)
        elif (first := records.setdefault(found.content["id"], found)) is not found:
            same = first.content["scores"] == found.content["scores"]
            other = "" if same else ", with other scores, which are in no table"
            problems.append(Problem("duplicate", folder, f"the same run as {first.folder}{other}"))
    return Runs(tuple(records.values()), tuple(problems))


def _read(folder: Path, behaviour_version: int) -> Record | Problem:
    path = folder / "record.json"
    if not path.exists():
        return _without_record(folder)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        # Of a record of another version only that is sure, and it is in no table anyway.
        found = _version(content)
        if found == behaviour_version:
            _check(content)
    except (ValueError, OSError) as error:
        line = " ".join(str(error).split())
        return Problem("unreadable", folder, f"{path} is not a run record: {line}")
    if found != behaviour_version:
        reason = f"behaviour version {found}, the code's is {behaviour_version}"
        return Problem("stale", folder, reason, command(content.get("overrides"), "force=true"))
    return Record(folder, content)


def _without_record(folder: Path) -> Problem:
    path = folder / "failed.json"
    if not path.exists():
        return Problem("unfinished", folder, "no record.json", command(_json(folder, "overrides")))
    failed = _json(folder, "failed")
    if not isinstance(failed, dict):
        return Problem("failed", folder, f"{path} cannot be read")
    reason = " ".join(f"{failed.get('error', 'error')}: {failed.get('message', '')}".split())
    return Problem("failed", folder, reason, command(failed.get("overrides")))


def command(overrides: Any, *more: str) -> str:
    """The shell command that runs ``overrides``; empty where they are unknown (no list)."""
    if not isinstance(overrides, list):
        return ""
    return shlex.join(["graphssl", *map(str, overrides), *more])


def _json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _version(content: Any) -> int:
    """The behaviour version; ValueError where ``content`` has none."""
    if not isinstance(content, dict):
        raise ValueError(f"a JSON object is needed, got {type(content).__name__}")
    version = content.get("behaviour_version")
    if type(version) is not int:
        raise ValueError(f"behaviour_version={version!r} is no int")
    return version


def _check(content: Mapping[str, Any]) -> None:
    """Raise ValueError where ``content`` is not what a run writes."""
    for name, kind in _FIELDS.items():
        if name not in content:
            raise ValueError(f"no {name}")
        if type(content[name]) is not kind:
            raise ValueError(f"{name}={content[name]!r} is no {kind.__name__}")
    if not isinstance(content.get("code", {}), dict):
        raise ValueError(f"code={content['code']!r} is no dict")
    if not isinstance(content["selection"].get("metric"), str):
        raise ValueError(f"selection={content['selection']!r} names no metric")
    for group in ("dataset", "encoder", "augmentation", "objective", "regularizer", "trainer"):
        if not isinstance(content["config"].get(group), dict):
            raise ValueError(f"config.{group} is missing")
    for where, values in content["diagnostics"].items():
        if not isinstance(values, dict):
            raise ValueError(f"diagnostics.{where}={values!r} is no dict")
    for protocol, scores in content["scores"].items():
        _check_scores(f"scores.{protocol}", scores)


def _check_scores(name: str, entry: Any) -> None:
    if not isinstance(entry, dict):
        raise ValueError(f"{name}={entry!r} is no dict")
    for part in ("test", "val"):
        if not isinstance(entry.get(part), dict):
            raise ValueError(f"{name} has no {part} scores")
        for metric, values in entry[part].items():
            _check_values(f"{name}.{part}.{metric}", values)
    if (metric := entry.get("metric")) not in entry["test"]:
        raise ValueError(f"{name}.metric={metric!r} is not among its test scores")
    printed = entry["test"][metric]
    mean = sum(printed) / len(printed)
    stated = entry.get("test_mean", mean)
    if type(stated) not in (int, float) or not math.isclose(stated, mean, abs_tol=1e-9):
        raise ValueError(f"{name}.test_mean={stated!r} is not the mean, {mean:.6g}")


def _check_values(name: str, values: Any) -> None:
    if not isinstance(values, list) or not values:
        raise ValueError(f"{name} holds no scores")
    least = 0 if name.rsplit(".", 1)[1] in METRICS else -math.inf
    for value in values:
        if type(value) not in (int, float) or not (math.isfinite(value) and least <= value <= 1):
            raise ValueError(f"{name} holds {value!r}, not a score of 1 at most")
