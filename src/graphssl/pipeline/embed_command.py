"""Embeddings of a graph by a finished run: ``graphssl embed`` and ``graphssl.embed``."""

from __future__ import annotations

import copy
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch_geometric.data import Data

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.key_checks import check_keys
from graphssl.config.messages import is_expected
from graphssl.contracts import NodeDataset
from graphssl.data.facts import MASKS
from graphssl.data.node_dataset import node_dataset
from graphssl.encoders.edge_weight import edge_weight_facts
from graphssl.errors import DataError, words
from graphssl.pipeline.arguments import parse
from graphssl.pipeline.embed import embed
from graphssl.pipeline.embedding_file import check_target, write_embeddings
from graphssl.pipeline.load import load_encoder
from graphssl.results.own_code import targets
from graphssl.results.public_names import with_public_names
from graphssl.results.record import RunRecord
from graphssl.terminal import moving, spinner
from graphssl.training.default_dtype import float32_default
from graphssl.training.device import claimed_device
from graphssl.training.matmul import products

log = logging.getLogger(__name__)

USAGE = "graphssl embed RUN [dataset=...] [out=embeddings.npz] [trust=true]"
_DATASETS = ("graphssl.data.", "torch_geometric.")


def embed_graph(run: str | Path, data: Data | NodeDataset, trust: bool = False) -> Tensor:
    """Embed ``data`` with the encoder of the run in the folder ``run``; see ``graphssl.embed``."""
    if isinstance(data, Data):
        data = copy.copy(data)
        for key in ("y", *MASKS):  # not needed, and so not checked
            data.pop(key, None)
    dataset = data if isinstance(data, NodeDataset) else node_dataset("data", data)
    folder = Path(run)
    encoder = _fitting_encoder(RunRecord.read(folder), folder, dataset, trust)
    with products("auto", torch.device("cpu")):
        return _embedded(folder, encoder, dataset)


def embed_command(arguments: Sequence[str]) -> str:
    """Carry out ``graphssl embed``; return the line to print.

    Raises:
        ConfigError: an argument is wrong.
        DataError: the folder holds no finished run, or its encoder does not fit the graph.
    """
    folder, options, overrides = parse(
        USAGE, arguments, ("out", "trust"), ("dataset", "paths", "trainer")
    )
    folder = _only_run(folder)
    target = Path(options.get("out", "embeddings.npz")).expanduser()
    check_target(target)
    record, trust = RunRecord.read(folder), options.get("trust", "").lower() == "true"
    sys.path.append(os.getcwd())  # custom modules may lie here
    config = _config(record, folder, overrides, trust)
    settings = build.settings(config)
    with moving(settings.progress), float32_default():
        with spinner("loading the graph"):
            dataset = build.dataset(config)
        encoder = _fitting_encoder(record, folder, dataset, trust)
        with (
            spinner(f"embedding {dataset.graph.num_nodes} nodes"),
            claimed_device(settings.device, settings.precision) as device,
            products(settings.matmul, device),
        ):
            on_device = NodeDataset(dataset.name, dataset.graph.to(device), dataset.y, 0)
            rows = _embedded(folder, encoder.to(device), on_device).float().cpu().numpy()
        ids = np.arange(len(rows)) if dataset.node_ids is None else dataset.node_ids
        write_embeddings(target, rows, ids)
    return f"{dataset.name}: {len(rows)} nodes, {rows.shape[1]} dimensions -> {target}"


def _only_run(folder: Path) -> Path:
    """Return ``folder``, or the one run in it."""
    inside = sorted(path.parent for path in folder.glob("*/record.json"))
    if (folder / "record.json").exists() or not inside:
        return folder
    if len(inside) > 1:
        raise DataError(f"{folder} contains {len(inside)} runs: name one, e.g. {inside[0]}")
    return inside[0]


def _config(record: RunRecord, folder: Path, overrides: Sequence[str], trust: bool) -> DictConfig:
    """Compose ``overrides``; the dataset is the run's own if they choose none."""
    chosen = any(word.startswith("dataset=") for word in overrides)
    own = [] if chosen else [word for word in overrides if word.startswith("dataset.")]
    composed = compose([word for word in overrides if word not in own])
    check_keys(*composed)
    config, known = composed[0], with_public_names(record.config)["dataset"]
    if not chosen:
        foreign = [t for t in targets(known) if not t.startswith(_DATASETS)]
        if foreign and not trust:
            raise DataError(
                f"{folder}: its dataset names {', '.join(foreign)}, which is not a module of "
                "graphssl or torch_geometric; trust=true runs that code"
            )
        changes = OmegaConf.from_dotlist([word.removeprefix("dataset.") for word in own])
        config.dataset = OmegaConf.merge(known, changes)
    transforms = [
        OmegaConf.to_container(OmegaConf.create(d.get("transforms") or []), resolve=True)
        for d in (known, config.dataset)
    ]
    if transforms[0] != transforms[1]:
        log.warning(
            "%s was trained with dataset.transforms=%s, but these are %s", folder, *transforms
        )
    return config


def _fitting_encoder(
    record: RunRecord, folder: Path, dataset: NodeDataset, trust: bool
) -> nn.Module:
    trained, given = record.dataset["features"], dataset.graph.num_features
    if trained != given:
        raise DataError(
            f"{folder} was trained on {record.dataset['name']} with {trained} features, but "
            f"{dataset.name} has {given}: give the same features, and the same dataset.transforms"
        )
    encoder = load_encoder(folder, trust)
    edge_weight_facts(dataset.name, encoder, dataset.graph)
    return encoder


def _embedded(folder: Path, encoder: nn.Module, dataset: NodeDataset) -> Tensor:
    try:
        rows = embed(encoder, dataset.graph)
    except Exception as error:  # an encoder made for its own graph may raise anything
        if is_expected(error):
            raise
        raise DataError(
            f"{folder}: its encoder fails on {dataset.name}: {words(error)[:200]}"
        ) from error
    strange = int((~torch.isfinite(rows)).any(dim=1).sum())
    if strange:
        raise DataError(
            f"{folder}: the embeddings of {strange} of {len(rows)} nodes of {dataset.name} are not "
            "finite; are the features on the scale of those that it was trained on?"
        )
    return rows
