"""The id of a run: a hash of everything that determines its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from graphssl.results.public_names import with_public_names

# Raised when the same configuration gives other numbers than before.
BEHAVIOUR_VERSION = 3

_GROUPS = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
# Trainer settings in the id; the others do not affect the weights. The device does, since its
# random streams differ, but a run counts as the same run on every machine.
_TRAINER = ("steps", "warmup", "schedule", "precision", "grad_clip", "select")
# Keys without an effect on the weights: where a dataset's files are, whether to trust them, which
# metric is printed, and an optimizer's kernels, whose results differ in the last digits only.
_WITHOUT_EFFECT = {
    "dataset": ("checksums", "pickle", "trust", "metric"),
    "optimizer": ("fused", "foreach", "capturable"),
}
# Options added later, and their values without effect: runs with these values keep their ids.
_LATER: Mapping[str, Mapping[str, Any]] = {
    "encoder": {"plain_last": False},
    "dataset": {"held_out_edges": 0.0, "node_table": None},
}
# Arguments of graphssl's own protocols that determine the splits; the others affect the score only.
_SPLIT = ("_target_", "num_splits", "train_ratio", "val_ratio", "masks", "shots")


def identity(
    config: Mapping[str, Any],
    uses_labels: bool = False,
    fingerprint: str | None = None,
    code: Mapping[str, str] | None = None,
) -> str:
    """Compute the id of a run, twelve hex digits.

    Args:
        config: the composed configuration, resolved, as plain containers.
        uses_labels: whether training or selection uses labels; the split is then part of the id.
        fingerprint: hash of a custom graph's files, which replaces its path.
        code: hashes of the custom code named in ``weights_part`` (``own_code``).
    """
    part = weights_part(config, uses_labels)
    part["dataset"] = {"transform_seed": 0, **part["dataset"]}
    # Records of earlier behaviour versions lack keys that were added later.
    part["trainer"] = {key: value for key, value in config["trainer"].items() if key in _TRAINER}
    part["seed"], part["behaviour"] = config["seed"], BEHAVIOUR_VERSION
    if config["trainer"].get("patience") is not None:
        part["trainer"]["patience"] = config["trainer"]["patience"]
    if config["trainer"]["select"] not in ("last", "loss"):
        part["eval_every"] = config["trainer"]["eval_every"]
    if fingerprint is not None:
        # of all files, wherever they are
        part["dataset"].pop("node_table", None)
        part["dataset"] = {**part["dataset"], "path": fingerprint}
    if code:
        part["code"] = dict(code)
    text = json.dumps(_canonical(with_public_names(part)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def weights_part(config: Mapping[str, Any], uses_labels: bool = False) -> dict[str, Any]:
    """Return the groups of ``config`` that determine the weights, without keys that do not.

    With ``uses_labels`` this includes the arguments of the protocols that determine the splits, and
    all arguments of a custom protocol.
    """
    part: dict[str, Any] = {
        group: {k: v for k, v in config[group].items() if not _moves_nothing(group, k, v)}
        for group in _GROUPS
    }
    if parametrization := config.get("parametrization"):  # added later: none is not in the id
        part["parametrization"] = parametrization
    if uses_labels:
        probe = config["probe"]
        protocols = [_split_part(settings) for settings in (probe.get("protocols") or {}).values()]
        part["probe"] = {"split_seed": probe.get("split_seed"), "protocols": protocols}
    return part


def _moves_nothing(group: str, key: str, value: Any) -> bool:
    if key in _WITHOUT_EFFECT.get(group, ()):
        return True
    later = _LATER.get(group, {})
    return key in later and value == later[key]


def _split_part(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    if not str(settings.get("_target_")).startswith("graphssl."):
        return settings
    return {key: value for key, value in settings.items() if key in _SPLIT}


def _canonical(value: Any) -> Any:
    """Bring ``value`` into a form that is equal exactly for configurations with the same meaning.

    Whole floats become ints, so that ``strength=1`` and ``strength=1.0`` are the same run. The
    arguments of a target have no order. Other mappings do: the parts of a view are applied one
    after the other, and the first matching pattern of alpha counts.
    """
    if isinstance(value, Mapping):
        items = [(key, _canonical(item)) for key, item in value.items()]
        return dict(items) if "_target_" in value else items
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
