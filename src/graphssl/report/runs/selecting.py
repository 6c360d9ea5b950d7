"""Runs with the settings asked for, and the settings in which runs differ."""

from __future__ import annotations

import pandas as pd

from graphssl.report.tables.definition import Match

_CONDITION = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
_TRAINER = ("trainer.steps", "trainer.warmup", "trainer.precision", "trainer.grad_clip")


def select(frame: pd.DataFrame, match: Match) -> pd.DataFrame:
    """The rows of ``frame`` that have the values of ``match``; a list means any of them."""
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
    """The rows of ``frame`` that have the values of ``filters``, or have no such field."""
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
    """The settings in which ``runs`` differ, with their values; empty where in none."""
    fields = [
        str(key)
        for key in runs.columns
        if (str(key).split(".")[0] in _CONDITION or key in _TRAINER)
        and str(key).split(".")[0] not in without
        and "_target_" not in str(key)
        and runs[key].nunique(dropna=False) > 1
    ]
    shown = [f"{key} ({', '.join(map(str, runs[key].unique()))})" for key in sorted(fields)[:3]]
    more = len(fields) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
