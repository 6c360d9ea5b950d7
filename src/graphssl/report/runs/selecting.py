"""Runs with the settings asked for, and the settings in which runs differ."""

from __future__ import annotations

import pandas as pd

from graphssl.report.tables.definition import Match

_CONDITION = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
_TRAINER = (
    "trainer.steps", "trainer.warmup", "trainer.precision", "trainer.grad_clip", "trainer.select",
)  # fmt: skip
_PROTOCOL = ("protocol", "protocol_settings", "split_seed")


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
    """The settings in which ``runs`` differ, with their values; empty where in none.

    Settings, facts of the graph, code of user-defined classes and, where labels had a part in
    training, the protocol. ``without`` names config groups that do not count.
    """
    counted = [*_TRAINER, *(_PROTOCOL if runs["labels_used"].any() else ())]
    if (runs["selection"] != "last").any():
        counted.append("trainer.eval_every")
    fields = [
        str(key)
        for key in runs.columns
        if ((group := _group(key)) in (*_CONDITION, "code", "graph") or key in counted)
        and group not in without
        # A class that only some of the runs have differs in its settings, not in its code.
        and runs[key].nunique(dropna=group == "code") > 1
    ]
    # A target says what an option or a setting says too, mostly.
    fields = [key for key in fields if "_target_" not in key] or fields
    shown = [
        f"{_called(key)} ({', '.join(map(str, runs[key].unique()))})" for key in sorted(fields)
    ]
    more = len(shown) - 3
    return ", ".join(shown[:3]) + (f" and {more} more" if more > 0 else "")


def _group(key: str) -> str:
    return key.split(".")[0].split("/")[0]


def _called(key: str) -> str:
    return f"the code of {key.removeprefix('code.')}" if key.startswith("code.") else key
