"""Select runs by their settings, and find the settings in which runs differ."""

from __future__ import annotations

import pandas as pd

from graphssl.report.tables.definition import Match

_CONDITION = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
_TRAINER = (
    "trainer.steps", "trainer.warmup", "trainer.precision", "trainer.grad_clip", "trainer.select",
)  # fmt: skip
_PROTOCOL = ("protocol", "protocol_settings", "split_seed")


def select(frame: pd.DataFrame, match: Match) -> pd.DataFrame:
    """Select the rows of ``frame`` that have the values of ``match``; a list allows any of its."""
    for key, wanted in match.items():
        if key not in frame:
            return frame.iloc[:0]
        column = frame[key]
        if wanted is None:
            frame = frame[column.isna()]
        elif isinstance(wanted, list):
            frame = frame[column.isin(wanted)]
        else:
            frame = frame[column == wanted]
    return frame


def keep(frame: pd.DataFrame, filters: Match) -> pd.DataFrame:
    """Select the rows of ``frame`` that have the values of ``filters`` or lack the field."""
    for key, wanted in filters.items():
        if key not in frame:
            continue
        if isinstance(wanted, str) and wanted.startswith("${"):
            other = wanted[2:-1]
            same = frame[key] == frame[other] if other in frame else True
        else:
            same = frame[key].isin(wanted if isinstance(wanted, list) else [wanted])
        frame = frame[frame[key].isna() | same]
    return frame


def differing(runs: pd.DataFrame, without: frozenset[str] = frozenset()) -> str:
    """Describe the settings in which ``runs`` differ, with their values; empty if in none.

    Facts about the graph, code of custom classes and, if training used labels, the protocol count
    as settings.

    Args:
        runs: rows of the frame.
        without: config groups to ignore.
    """
    fields = [
        str(key)
        for key in runs.columns
        if counts(str(key), runs)
        and (group := _group(str(key))) not in without
        # If only some runs have a class, they differ in a setting, not in its code.
        and runs[key].nunique(dropna=group == "code") > 1
    ]
    # A target mostly repeats what an option or another setting shows.
    fields = [key for key in fields if "_target_" not in key] or fields
    shown = [
        f"{_called(key)} ({', '.join(map(str, runs[key].unique()))})" for key in sorted(fields)
    ]
    more = len(shown) - 3
    return ", ".join(shown[:3]) + (f" and {more} more" if more > 0 else "")


def counts(key: str, runs: pd.DataFrame) -> bool:
    """Return whether column ``key`` is part of the conditions of ``runs``."""
    if "/" in key and not key.startswith("graph/"):  # a measure: encoder.acts.0/std_min
        return False
    if _group(key) in (*_CONDITION, "code", "graph") or key in _TRAINER:
        return True
    if key == "trainer.eval_every":
        return bool((runs["selection"] != "last").any())
    return key in _PROTOCOL and bool(runs["labels_used"].any())


def _group(key: str) -> str:
    return key.split(".")[0].split("/")[0]


def _called(key: str) -> str:
    return f"the code of {key.removeprefix('code.')}" if key.startswith("code.") else key
