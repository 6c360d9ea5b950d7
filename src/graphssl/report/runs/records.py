"""Read a folder of runs: valid records, and the problems of all other runs.

``record.json`` is read here as plain JSON, not with ``results.record``, which imports torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphssl import shell
from graphssl.errors import DataError
from graphssl.results.identity import BEHAVIOUR_VERSION
from graphssl.results.record_checks import check_record, version_of

_SIGNS = ("record.json", "failed.json", "config.yaml")
# `force=true` renames a finished run like this.
_PUT_ASIDE = re.compile(r"\.old\d+$")


@dataclass(frozen=True)
class Record:
    """A finished run: its folder and the content of its ``record.json``."""

    folder: Path
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """A run that cannot be used in a table.

    Attributes:
        kind: ``unreadable``, ``stale``, ``duplicate``, ``failed`` or ``unfinished``.
        folder: the run's folder.
        reason: the reason, on one line.
        command: the command that fixes it; empty if the run's overrides are unknown.
    """

    kind: str
    folder: Path
    reason: str
    command: str = ""


@dataclass(frozen=True)
class Runs:
    """The content of a folder of runs."""

    records: tuple[Record, ...]
    problems: tuple[Problem, ...]


def read_runs(root: Path, behaviour_version: int = BEHAVIOUR_VERSION) -> Runs:
    """Read every run in ``root`` and its subfolders, in the order of the folders' names.

    Raises:
        DataError: the folder does not exist, or contains no run.
    """
    if not root.is_dir():
        raise DataError(f"{root} is not a folder")
    folders = sorted({path.parent for sign in _SIGNS for path in root.rglob(sign)})
    folders = [f for f in folders if not any(_PUT_ASIDE.search(part) for part in f.parts)]
    if not folders:
        raise DataError(f"{root} contains no runs: no folder in it has a record.json")
    records: dict[str, Record] = {}
    problems = []
    for folder in folders:
        found = _read(folder, behaviour_version)
        if isinstance(found, Problem):
            problems.append(found)
        elif (first := records.setdefault(found.content["id"], found)) is not found:
            same = first.content["scores"] == found.content["scores"]
            other = "" if same else ", but with other scores, which are not used"
            problems.append(Problem("duplicate", folder, f"the same run as {first.folder}{other}"))
    return Runs(tuple(records.values()), tuple(problems))


def _read(folder: Path, behaviour_version: int) -> Record | Problem:
    path = folder / "record.json"
    if not path.exists():
        return _without_record(folder)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        # Of a record of another version only that is sure, and it is in no table anyway.
        found = version_of(content)
        if found == behaviour_version:
            check_record(content)
    except (ValueError, OSError, RecursionError) as error:
        line = " ".join(str(error).split())
        return Problem("unreadable", folder, f"{path} is not a run record: {line}")
    if found != behaviour_version:
        reason = f"behaviour version {found}, but the code's is {behaviour_version}"
        return Problem("stale", folder, reason, command(content.get("overrides"), "force=true"))
    return Record(folder, content)


def _without_record(folder: Path) -> Problem:
    path = folder / "failed.json"
    if not path.exists():
        return Problem("unfinished", folder, "no record.json", command(_json(folder, "overrides")))
    return replace(failure(path), folder=folder)


def failure(path: Path) -> Problem:
    """Read a file that ``results.failure`` wrote."""
    failed = _json(path.parent, path.stem)
    if not isinstance(failed, dict):
        return Problem("failed", path, f"{path} cannot be read")
    reason = " ".join(f"{failed.get('error', 'error')}: {failed.get('message', '')}".split())
    return Problem("failed", path, reason, command(failed.get("overrides")))


def command(overrides: Any, *more: str) -> str:
    """Return the shell command that runs ``overrides``; empty if they are not a list."""
    if not isinstance(overrides, list):
        return ""
    return shell.join(["graphssl", *map(str, overrides), *more])


def _json(folder: Path, name: str) -> Any:
    try:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
