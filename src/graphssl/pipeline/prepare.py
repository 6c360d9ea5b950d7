"""Prepare a run: build and check everything before training begins."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from graphssl.augmentation.two_views import TwoViews
from graphssl.checks import boolean, one_of, whole_number
from graphssl.config import build
from graphssl.config.compose import resolved
from graphssl.contracts import NodeDataset, ProbeProtocol, Regularizer, Split
from graphssl.data.content_hash import content_hash
from graphssl.encoders.edge_weight import edge_weight_facts
from graphssl.errors import ConfigError
from graphssl.probing.metrics import check_metric
from graphssl.probing.splits import one_split, require_validation
from graphssl.results.identity import identity, weights_part
from graphssl.results.own_code import own_code
from graphssl.terminal import spinner
from graphssl.training import matmul
from graphssl.training.device import named_device
from graphssl.training.interruption import named_signals
from graphssl.training.metrics import Logger
from graphssl.training.settings import TrainerSettings

# Choices if another process is working on the same run.
COLLISIONS = ("wait", "skip")


@dataclass(frozen=True, eq=False)
class Job:
    """A prepared run: everything that training and probing need.

    Attributes:
        config: the composed configuration.
        plain: the same, resolved, as plain containers.
        choices: the option chosen in each config group.
        overrides: the overrides of the command line.
        settings: the trainer's settings.
        device: the device to compute on; the CPU until ``on`` is called.
        data: the graph, on ``device``.
        content_hash: hash of the graph's content.
        run_id: the run's id.
        code: hashes of the custom code that the run's weights depend on.
        protocols: the probe protocols by name.
        splits: the splits that each protocol scores.
        labels_used: whether training or selection uses labels.
        split: index and node ids of the one split that may then be used; else None.
        quick_split: the split of the quick probe during training; None if no protocol has
            validation nodes.
        objective: the objective, with its encoder.
        optimizer: the optimizer; None if the objective has no trainable parameters.
        augmentation: the augmentation that makes the two views.
        regularizer: the penalty.
        watches: loggers besides the one that the configuration names.
    """

    config: DictConfig
    plain: dict[str, Any]
    choices: Mapping[str, Any]
    overrides: list[str]
    settings: TrainerSettings
    device: torch.device
    data: NodeDataset
    content_hash: str
    run_id: str
    code: Mapping[str, str]
    protocols: Mapping[str, ProbeProtocol]
    splits: Mapping[str, list[Split]]
    labels_used: bool
    split: tuple[int, Split] | None
    quick_split: Split | None
    objective: nn.Module
    optimizer: torch.optim.Optimizer | None
    augmentation: TwoViews
    regularizer: Regularizer
    watches: Sequence[Logger] = ()

    def on(self, device: torch.device) -> Job:
        """Return the job on ``device``; the objective itself is moved, not copied."""
        graph, y = self.data.graph.to(device), self.data.y.to(device)
        return replace(
            self,
            device=device,
            data=replace(self.data, graph=graph, y=y),
            objective=self.objective.to(device),
        )


def prepare(config: DictConfig, choices: Mapping[str, Any], overrides: Sequence[str]) -> Job:
    """Build and check everything that can fail before the first step, without claiming a device."""
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    settings = build.settings(config)
    matmul.chosen(settings.matmul, named_device(settings.device, settings.precision))
    named_signals(settings.checkpoint_on)
    one_of("collision", config.collision, COLLISIONS)
    _check_types(config)
    build.check_logger(config)
    protocols = build.protocols(config)
    labels_used = build.labels_used(config)
    if labels_used and len(protocols) != 1:
        raise ConfigError(
            "this run uses labels (objective=supervised or trainer.select=val_accuracy), so it is "
            f"scored on one split of one protocol; got probe={list(protocols)}"
        )
    with spinner(f"loading {choices['dataset']}"):
        data = build.dataset(config)
    if not re.fullmatch(r"[\w+-][\w.+-]*", str(data.name)) or len(str(data.name)) > 100:
        raise ConfigError(
            f"dataset.name={data.name!r} cannot be part of a run folder's name: at most 100 "
            "letters, digits, +, - and, not first, dots"
        )
    split_seed = config.probe.split_seed
    splits = {name: protocol.splits(data, split_seed) for name, protocol in protocols.items()}
    check_metric(data, splits)
    split = None
    if labels_used:
        ((name, protocol),) = protocols.items()
        if settings.select == "val_accuracy":
            require_validation(protocol)
        split = one_split(splits[name], config.seed)
        splits = {name: [split[1]]}
    with_validation = [name for name, protocol in protocols.items() if protocol.has_validation]
    quick_split = splits[with_validation[0]][0] if with_validation else None
    labels: dict[str, Any] = {}
    if split is not None:
        train_nodes = torch.from_numpy(split[1].train)
        labels = {
            "labels": data.y, "train_nodes": train_nodes, "num_classes": data.num_classes,
        }  # fmt: skip
    objective = build.objective(config, data.graph.num_features, labels)
    weights = edge_weight_facts(data.name, objective.encoder, data.graph)
    data = replace(data, facts={**data.facts, **weights})
    parameters = list(objective.trainable_parameters())
    regularizer = build.regularizer(config)
    regularizer.at(0, settings.steps)  # a schedule longer than the run is refused here
    if parameters:
        regularizer.check(objective)
    return Job(
        config=config,
        plain=plain,
        choices=choices,
        overrides=list(overrides),
        settings=settings,
        device=torch.device("cpu"),
        data=data,
        content_hash=content_hash(data),
        run_id=run_id(config, data),
        code=own_code(weights_part(plain, labels_used)),
        protocols=protocols,
        splits=splits,
        labels_used=labels_used,
        split=split,
        quick_split=quick_split,
        objective=objective,
        optimizer=build.optimizer(config, parameters) if parameters else None,
        augmentation=build.augmentation(config),
        regularizer=regularizer,
    )


def run_id(config: DictConfig, data: NodeDataset | None = None) -> str:
    """Compute the id of the run of ``config``.

    Args:
        config: the composed configuration.
        data: its graph. If None, the graph is loaded only when its files do not determine it.
    """
    fingerprint = build.fingerprint(config) if data is None else data.fingerprint
    plain, uses_labels = resolved(config), build.labels_used(config)
    code = own_code(weights_part(plain, uses_labels))
    return identity(plain, uses_labels, fingerprint, code)


def _check_types(config: DictConfig) -> None:
    whole_number("seed", config.seed, least=0)
    whole_number("probe.split_seed", config.probe.split_seed, least=0)
    if config.diagnostics.every is not None:
        whole_number("diagnostics.every", config.diagnostics.every, least=0)
    if not OmegaConf.is_dict(config.tags):
        raise ConfigError(f"tags must be key=value pairs, +tags.study=mine, got {config.tags!r}")
    for name in ("force", "save_embeddings", "fail_fast", "debug"):
        boolean(name, config[name])
