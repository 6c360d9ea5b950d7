"""A run's id: a hash of what determines its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# Goes up when the same configuration gives other numbers than before.
BEHAVIOUR_VERSION = 2

_GROUPS = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
# Settings of the trainer that name a run; pace and verbosity move no weight. The device does, its
# random streams being its own, but a run is the same run wherever it is made.
_TRAINER = ("steps", "warmup", "schedule", "precision", "grad_clip", "select")
# Keys of a dataset that say where its files are, whether to trust them and which metric is printed,
# not what is in them.
_DATASET_FILES = ("checksums", "pickle", "trust", "metric")


def identity(
    config: Mapping[str, Any],
    uses_labels: bool = False,
    fingerprint: str | None = None,
    code: Mapping[str, str] | None = None,
) -> str:
    """Twelve hex digits that name a run.

    Args:
        config: the composed configuration, resolved, as plain containers.
        uses_labels: labels have a part in training or selection; the protocol, whose split is
            used, then counts too.
        fingerprint: hash of a user's own graph file, in place of its path.
        code: hashes of the user's own code (``own_code``).
    """
    part: dict[str, Any] = {group: config[group] for group in _GROUPS}
    part["dataset"] = {k: v for k, v in config["dataset"].items() if k not in _DATASET_FILES}
    part["trainer"] = {key: config["trainer"].get(key) for key in _TRAINER}
    part["seed"], part["behaviour"] = config["seed"], BEHAVIOUR_VERSION
    if config["trainer"]["select"] != "last":
        part["eval_every"] = config["trainer"]["eval_every"]
    if uses_labels:
        part["probe"] = config["probe"]
    if fingerprint is not None:
        part["dataset"] = {**part["dataset"], "path": fingerprint}
    if code:
        part["code"] = dict(code)
    text = json.dumps(_canonical(part), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _canonical(value: Any) -> Any:
    """What means the same written the same, and what does not, not.

    Whole floats are ints: ``strength=1`` is the run that ``strength=1.0`` is. Arguments of a target
    have no order. Other mappings do: the parts of a view draw one after the other, the first
    pattern of alpha that fits counts.
    """
    if isinstance(value, Mapping):
        items = [(key, _canonical(item)) for key, item in value.items()]
        return dict(items) if "_target_" in value else items
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
