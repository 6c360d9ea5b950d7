"""Records as one pandas frame, a row a run and protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl.report.runs.records import Record, read_runs
from graphssl.results.identity import identity

# Groups that make no difference to an objective that trains nothing.
_TRAINING = frozenset({"augmentation", "regularizer", "optimizer", "trainer"})
WITHOUT_EFFECT: Mapping[str, frozenset[str]] = {
    "untrained": _TRAINING,
    "raw": _TRAINING | {"encoder", "recipe"},
}
# Settings of a protocol that do not say what is measured.
_MACHINE = ("_target_", "name", "device")


def load_frame(folder: str | Path) -> pd.DataFrame:
    """The records at or below ``folder``, a row a run and protocol; stale ones are left out.

    Columns:

    - ``run`` (id), ``folder``, ``seed``, ``created``, ``overrides`` (a tuple, or None);
    - ``condition``: hash of all that determines the weights, the seed apart;
    - ``protocol``, ``protocol_settings``, ``solver``, ``split_seed``, ``splits`` (their number),
      ``accuracies`` (tuple, % on the test nodes of each split), ``accuracy`` (their mean);
    - ``selection`` (which encoder was kept), ``labels_used``, ``split``;
    - ``dataset``, its name: several graphs may share an option (``dataset=webkb``);
    - the option chosen in any other config group under the group's name (``encoder``);
    - settings under their dotted key (``regularizer.alpha``), lists as JSON text;
    - tags as ``tags.<tag>``: their value, or True where ``tags`` is a list;
    - what was measured as ``<where>/<measure>`` (``representation/effective_rank_centred``), and
      ``training/<key>``.

    Raises:
        DataError: no such folder, or no run in it.
    """
    return make_frame(read_runs(Path(folder)).records)


def make_frame(records: Sequence[Record]) -> pd.DataFrame:
    """The frame of ``records``; see ``load_frame``."""
    return pd.DataFrame([row for record in records for row in _rows(record)])


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    content = record.content
    config = content["config"]
    overrides = content.get("overrides")
    shared: dict[str, Any] = {
        **dict(_flat({k: v for k, v in config.items() if k not in ("probe", "paths", "tags")})),
        **dict(_flat({"tags": _tags(config.get("tags"))})),
        **{group: _scalar(option) for group, option in content["choices"].items()},
        "dataset": content["dataset"].get("name", content["choices"].get("dataset")),
        **{
            f"{where}/{name}": value
            for where, values in {**content["diagnostics"], "training": content["training"]}.items()
            for name, value in values.items()
        },
        "run": content["id"],
        "folder": str(record.folder),
        "seed": content["seed"],
        "created": content.get("created"),
        "overrides": tuple(overrides) if isinstance(overrides, list) else None,
        "condition": _condition(content),
        "selection": content["selection"]["metric"],
        "labels_used": content["labels_used"],
        "split": content.get("split"),
    }
    protocols = config.get("probe", {}).get("protocols", {})
    for name, scores in content["scores"].items():
        accuracies = tuple(100.0 * value for value in scores["test_accuracy"])
        said = scores.get("settings") or protocols.get(name, {})
        settings = {k: v for k, v in said.items() if k not in _MACHINE}
        yield {
            **shared,
            "protocol": name,
            "protocol_settings": ", ".join(f"{k} {_scalar(v)}" for k, v in settings.items()),
            "solver": scores.get("solver"),
            "split_seed": scores.get("split_seed"),
            "splits": len(accuracies),
            "accuracies": accuracies,
            "accuracy": sum(accuracies) / len(accuracies),
        }


def _condition(content: Mapping[str, Any]) -> str:
    config, dataset = dict(content["config"]), content["dataset"]
    for group in WITHOUT_EFFECT.get(str(content["choices"].get("objective")), ()):
        if group in config:
            config[group] = dict.fromkeys(config[group]) if group == "trainer" else {}
    config = {"optimizer": {}, **config, "seed": None}
    return identity(config, fingerprint=dataset.get("fingerprint") or dataset.get("name"))


def _tags(tags: Any) -> dict[str, Any]:
    return tags if isinstance(tags, dict) else dict.fromkeys(tags or (), True)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _scalar(value)


def _scalar(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value
