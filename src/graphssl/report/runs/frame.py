"""Build a pandas frame from records, one row per run and protocol."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from graphssl.report.runs.records import Record, read_runs
from graphssl.results.identity import identity

# Groups without effect on objectives that do not train.
_TRAINING = frozenset({"augmentation", "regularizer", "optimizer", "trainer"})
WITHOUT_EFFECT: Mapping[str, frozenset[str]] = {
    "untrained": _TRAINING,
    "raw": _TRAINING | {"encoder", "recipe"},
}
# Settings of a protocol that do not affect its scores.
_MACHINE = ("_target_", "name", "device")


def load_frame(folder: str | Path) -> pd.DataFrame:
    """Read the records in ``folder`` and its subfolders, one row per run and protocol.

    Records of another behaviour version are left out.

    Columns:

    - ``run`` (id), ``folder``, ``seed``, ``created``, ``overrides`` (a tuple, or None);
    - ``condition``: hash of everything except the seed that determines the weights: settings,
      graph, code of custom classes, and the protocol if training used labels;
    - ``protocol``, ``protocol_settings``, ``solver``, ``split_seed``, ``splits`` (their number); a
      run without ``protocol`` was not probed;
    - ``metric``, the printed one; ``score`` and ``val_score``, its mean over splits on test and
      validation nodes, in %; ``majority``, the share of the most frequent class among test nodes,
      in %;
    - every measured metric under its name and with ``val_``: ``accuracy``, ``val_accuracy``,
      ``macro_f1``, ``val_macro_f1``; each of these scores also as a tuple over splits,
      ``<score>_by_split``;
    - ``selection`` (rule by which the encoder was kept), ``labels_used``, ``split``;
    - ``dataset``, the graph's name, since several graphs may share an option (``dataset=webkb``);
    - the option chosen in any other config group, under the group's name (``encoder``);
    - settings under their dotted key (``regularizer.alpha``), lists as JSON text;
    - tags as ``tags.<tag>``: their value, or True if ``tags`` is a list;
    - measures as ``<where>/<measure>`` (``representation/effective_rank_centred``), facts about the
      graph as ``graph/<fact>``, and ``training/<key>``;
    - ``code.<target>``: hash of the file of a custom class.

    Args:
        folder: the folder of runs.

    Raises:
        DataError: the folder does not exist, or contains no run.
    """
    return make_frame(read_runs(Path(folder)).records)


def make_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Build the frame of ``records``; see ``load_frame``."""
    frame = pd.DataFrame([row for record in records for row in _rows(record)])
    whole = [key for key in ("splits", "split_seed") if key in frame]
    return frame.astype(dict.fromkeys(whole, "Int64"))  # None in a run that was not probed


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    content = record.content
    config = content["config"]
    overrides = content.get("overrides")
    measured = {
        **content["diagnostics"],
        "graph": content["dataset"],
        "training": content["training"],
    }
    shared: dict[str, Any] = {
        **dict(_flat({k: v for k, v in config.items() if k not in ("probe", "paths", "tags")})),
        **dict(_flat({"tags": _tags(config.get("tags"))})),
        **{group: _scalar(option) for group, option in content["choices"].items()},
        "dataset": content["dataset"].get("name", content["choices"].get("dataset")),
        **{
            f"{where}/{name}": _scalar(value)
            for where, values in measured.items()
            for name, value in values.items()
        },
        **{f"code.{target}": found[:8] for target, found in content.get("code", {}).items()},
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
    if not content["scores"]:
        yield {**shared, "protocol": None}
    protocols = config.get("probe", {}).get("protocols", {})
    for name, scores in content["scores"].items():
        recorded = scores.get("settings") or protocols.get(name, {})
        settings = {k: v for k, v in recorded.items() if k not in _MACHINE}
        settings |= {f"code of {t}": found[:8] for t, found in scores.get("code", {}).items()}
        yield {
            **_scores(scores),
            **shared,
            "protocol": name,
            "protocol_settings": ", ".join(f"{k} {_scalar(v)}" for k, v in settings.items()),
            "solver": scores.get("solver"),
            "split_seed": scores.get("split_seed"),
            "splits": len(scores["test"][scores["metric"]]),
        }


def _scores(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return every metric in %, the printed one also as ``score``: mean and tuple over splits."""
    row: dict[str, Any] = {"metric": entry["metric"]}
    if "majority" in entry:
        row["majority"] = 100.0 * entry["majority"]
    for prefix, found in (("", entry["test"]), ("val_", entry["val"])):
        named = {**found, "score": found[entry["metric"]]} if entry["metric"] in found else found
        for name, values in named.items():
            by_split = tuple(100.0 * value for value in values)
            row[f"{prefix}{name}"] = sum(by_split) / len(by_split)
            row[f"{prefix}{name}_by_split"] = by_split
    return row


def _condition(content: Mapping[str, Any]) -> str:
    config = {"optimizer": {}, "probe": {}, **content["config"], "seed": None}
    for group in WITHOUT_EFFECT.get(str(content["choices"].get("objective")), ()):
        if group in config:
            config[group] = dict.fromkeys(config[group]) if group == "trainer" else {}
    counted = identity(
        config,
        uses_labels=content["labels_used"],
        fingerprint=content["dataset"].get("fingerprint") or content["dataset"].get("name"),
    )
    # Only code that the settings above name counts; a probe's code belongs to its score.
    named = json.dumps({k: v for k, v in config.items() if k != "probe"})
    code = {t: found for t, found in content.get("code", {}).items() if json.dumps(t) in named}
    text = json.dumps([counted, content["dataset"], code], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


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
