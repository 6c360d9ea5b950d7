"""Find the settings in which the conditions of a sweep differ."""

from __future__ import annotations

import pandas as pd

from graphssl.report.runs.frame import WITHOUT_EFFECT
from graphssl.report.runs.selecting import counts

_FIRST = (
    "dataset", "encoder", "norm", "act", "augmentation", "objective", "regularizer", "optimizer",
)  # fmt: skip
_SIZES = ("encoder.channels", "trainer.steps")
# Parts of a group that have a config group of their own.
_WITHIN = {"encoder.norm": "norm", "encoder.act": "act"}
_ABSENT = ""


def varied(runs: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Collect the settings that are not the same for all: condition -> setting -> value.

    A setting that the option of its group tells is left out (the alpha of all that have one), as is
    one that repeats another. What has no effect on an objective is empty: the augmentation of raw
    features. Where everything is the same, objective and regularizer name the condition.
    """
    by_condition = runs.groupby("condition", sort=False)
    objectives = by_condition["objective"].first().astype(str)
    columns: dict[str, pd.Series[str]] = {}
    kept: list[str] = []
    for key in _candidates(runs):
        values = by_condition[key].first()
        columns[key] = values.map(lambda v: _ABSENT if pd.isna(v) else str(v)).astype(str)
        group = "encoder" if key in _WITHIN.values() else _group(key)
        effect = ~objectives.map(lambda o, group=group: group in WITHOUT_EFFECT.get(o, ()))
        counted = columns[key][effect]
        option = _option_of(key)
        implied = option in kept and counted.groupby(columns[option]).nunique().max() < 2
        columns[key] = columns[key].where(effect, _ABSENT)
        repeated = any(columns[key].equals(columns[other]) for other in kept)
        if counted.nunique() > 1 and not implied and not repeated:
            kept.append(key)
    if not kept:
        kept = [key for key in ("objective", "regularizer") if key in runs]
        columns = {key: by_condition[key].first().astype(str) for key in kept}
    return {str(c): {key: columns[key][c] for key in kept} for c in objectives.index}


def shared(runs: pd.DataFrame) -> dict[str, str]:
    """Return the options and sizes that all of ``runs`` have in common."""
    found = {key: runs[key] for key in (*_FIRST, *_SIZES) if key in runs and key != "dataset"}
    return {
        key: str(values.iloc[0])
        for key, values in found.items()
        if values.nunique(dropna=False) == 1 and values.notna().all()
    }


def _candidates(runs: pd.DataFrame) -> list[str]:
    """List options of groups first, then settings by name, with targets last."""
    options = [key for key in _FIRST if key in runs]
    names = [str(k) for k in runs if counts(str(k), runs) and k not in options]
    settings = [k for k in names if not k.startswith(("graph/", "protocol", "split_seed"))]
    return [
        k for k in (*options, *sorted(settings, key=_order)) if runs[k].nunique(dropna=False) > 1
    ]


def _order(key: str) -> tuple[bool, str]:
    return "_target_" in key, key


def _option_of(key: str) -> str:
    within = next((o for start, o in _WITHIN.items() if key.startswith(f"{start}.")), None)
    return within or _group(key)


def _group(key: str) -> str:
    return key.split(".")[0].split("/")[0]
