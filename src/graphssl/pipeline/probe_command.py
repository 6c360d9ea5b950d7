"""Probes and measures of given embeddings: ``graphssl probe``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from graphssl.atomic import replace_text
from graphssl.config import build
from graphssl.config.compose import compose, resolved
from graphssl.config.key_checks import check_keys
from graphssl.contracts import FloatArray, NodeDataset
from graphssl.data.checksums import sha256
from graphssl.data.content_hash import content_hash
from graphssl.diagnostics.summary import representation_diagnostics
from graphssl.errors import ConfigError
from graphssl.pipeline.arguments import parse
from graphssl.pipeline.embedding_file import in_node_order, read_embeddings
from graphssl.pipeline.prepare import allowed_protocols
from graphssl.probing.labelled import score_labelled, splits_of
from graphssl.probing.metrics import check_metric, majority_share
from graphssl.results.record import score_text, scores_entry
from graphssl.terminal import moving, spinner

USAGE = "graphssl probe EMBEDDINGS dataset=... [probe=[...]] [out=scores.json]"


def probe_command(arguments: Sequence[str]) -> str:
    """Carry out ``graphssl probe``; return the lines to print: one per protocol, and the measures.

    Raises:
        ConfigError: an argument is wrong.
        DataError: the file cannot be read, or does not fit the graph.
    """
    path, options, overrides = parse(USAGE, arguments, ("out",), ("dataset", "paths", "probe"))
    if not any(word.startswith("dataset=") for word in overrides):
        raise ConfigError(f"usage: {USAGE}; got no dataset=")
    target = Path(options["out"]).expanduser() if "out" in options else None
    if target is not None and (target.suffix != ".json" or not target.parent.is_dir()):
        raise ConfigError(f"out={target} must end in .json and lie in an existing folder")
    sys.path.append(os.getcwd())  # custom modules may lie here
    config, choices, _ = compose(overrides)
    check_keys(config, choices, overrides)
    rows, ids = read_embeddings(path)
    with moving(config.trainer.progress is True):
        with spinner(f"loading {choices['dataset']}"):
            dataset = build.dataset(config)
        rows = in_node_order(path, rows, ids, dataset)
        scores = _scores(config, rows, dataset)
        measures = representation_diagnostics(torch.from_numpy(rows).float()).values
    if target is not None:
        content = {
            "embeddings": str(path),
            "sha256": sha256(path),
            "dataset": {"name": dataset.name, "hash": content_hash(dataset), **dataset.facts},
            "scores": scores,
            "diagnostics": {"dimensions": rows.shape[1], **measures},
        }
        replace_text(target, json.dumps(content, indent=2) + "\n")
    said = [score_text(name, entry) for name, entry in scores.items()]
    if not dataset.num_classes and not said:
        said = ["not probed: no labels"]
    lines = [f"{dataset.name}: {text}" for text in said]
    found = ", ".join(f"{key} {value:.4g}" for key, value in measures.items())
    return "\n".join([*lines, f"{dataset.name}: {rows.shape[1]} dimensions, {found}"])


def _scores(config: Any, rows: FloatArray, dataset: NodeDataset) -> dict[str, dict[str, Any]]:
    """Score ``rows`` under every protocol: name -> entry, as in the record of a run."""
    protocols = allowed_protocols(build.protocols(config), dataset)
    seed, settings = config.probe.split_seed, resolved(config)["probe"].get("protocols")
    splits = {name: splits_of(protocol, dataset, seed) for name, protocol in protocols.items()}
    check_metric(dataset, splits)
    y, found = dataset.y.numpy(force=True), {}
    for name, protocol in protocols.items():
        with spinner(f"probing under {name}"):
            scores = score_labelled(protocol, rows, y, splits[name], seed)
        entry = scores_entry(scores, dataset.metric, majority_share(y, splits[name]))
        found[name] = {**entry, "settings": settings[name]}
    return found
