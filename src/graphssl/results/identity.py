"""A run's id: a hash of what determines its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from graphssl.results.public_names import with_public_names

# Goes up when the same configuration gives other numbers than before.
BEHAVIOUR_VERSION = 3

_GROUPS = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
# Settings of the trainer that name a run; pace and verbosity move no weight. The device does, its
# random streams being its own, but a run is the same run wherever it is made.
_TRAINER = ("steps", "warmup", "schedule", "precision", "grad_clip", "select")
# Keys that say where a dataset's files are, whether to trust them and which metric is printed, not
# what is in them, or how fast an optimizer is: kernels whose results differ in the last digits.
_WITHOUT_EFFECT = {
    "dataset": ("checksums", "pickle", "trust", "metric"),
    "optimizer": ("fused", "foreach", "capturable"),
}
# Arguments of graphssl's own protocols that draw the splits; the others say how a score is made.
_SPLIT = ("_target_", "num_splits", "train_ratio", "val_ratio")


def identity(
    config: Mapping[str, Any],
    uses_labels: bool = False,
    fingerprint: str | None = None,
    code: Mapping[str, str] | None = None,
) -> str:
    """Twelve hex digits that name a run.

    Args:
        config: the composed configuration, resolved, as plain containers.
        uses_labels: labels have a part in training or selection; what draws the split then counts.
        fingerprint: hash of a custom graph's files, in place of its path.
        code: hashes of the user's own code in ``weights_part`` (``own_code``).
    """
    part = weights_part(config, uses_labels)
    part["dataset"] = {"transform_seed": 0, **part["dataset"]}
    # A record of an earlier behaviour version lacks what came later.
    part["trainer"] = {key: value for key, value in config["trainer"].items() if key in _TRAINER}
    part["seed"], part["behaviour"] = config["seed"], BEHAVIOUR_VERSION
    if config["trainer"]["select"] != "last":
        part["eval_every"] = config["trainer"]["eval_every"]
    if fingerprint is not None:
        part["dataset"] = {**part["dataset"], "path": fingerprint}
    if code:
        part["code"] = dict(code)
    text = json.dumps(_canonical(with_public_names(part)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def weights_part(config: Mapping[str, Any], uses_labels: bool = False) -> dict[str, Any]:
    """The groups of ``config`` that determine the weights, without what moves none in them.

    With ``uses_labels`` the probe is among them, as far as it draws the split: all of a protocol
    that is not graphssl's own, of which nobody knows.
    """
    part: dict[str, Any] = {
        group: {k: v for k, v in config[group].items() if k not in _WITHOUT_EFFECT.get(group, ())}
        for group in _GROUPS
    }
    if uses_labels:
        probe = config["probe"]
        protocols = [_split_part(settings) for settings in (probe.get("protocols") or {}).values()]
        part["probe"] = {"split_seed": probe.get("split_seed"), "protocols": protocols}
    return part


def _split_part(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    if not str(settings.get("_target_")).startswith("graphssl."):
        return settings
    return {key: value for key, value in settings.items() if key in _SPLIT}


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
