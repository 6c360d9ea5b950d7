"""Prepare a run: build and check everything before training begins."""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from graphssl.augmentation.two_views import TwoViews
from graphssl.config import build
from graphssl.contracts import NodeDataset, ProbeProtocol, Regularizer, Split
from graphssl.data.content_hash import content_hash
from graphssl.encoders.edge_use import edge_use_facts
from graphssl.encoders.edge_weight import edge_weight_facts
from graphssl.errors import ConfigError
from graphssl.pipeline.request import Request
from graphssl.probing.labelled import reads_labels, splits_of
from graphssl.probing.metrics import check_metric
from graphssl.probing.splits import one_split, require_validation
from graphssl.terminal import spinner
from graphssl.training.metrics import Logger

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Job(Request):
    """A prepared run: everything that training and probing need.

    Attributes:
        device: the device to compute on; the CPU until ``on`` is called.
        data: the graph, on ``device``.
        content_hash: hash of the graph's content.
        id: the run's id.
        splits: the splits that each protocol scores; none if no node has a label.
        split: index and node ids of the one split that may be used if labels are; else None.
        quick_split: the split of the quick probe during training; None if no protocol has
            validation nodes, or if nodes have several labels.
        objective: the objective, with its encoder.
        optimizer: the optimizer; None if the objective has no trainable parameters.
        augmentation: the augmentation that makes the two views.
        regularizer: the penalty.
        watches: loggers besides the one that the configuration names.
    """

    device: torch.device
    data: NodeDataset
    content_hash: str
    id: str
    splits: Mapping[str, list[Split]]
    split: tuple[int, Split] | None
    quick_split: Split | None
    objective: nn.Module
    optimizer: torch.optim.Optimizer | None
    augmentation: TwoViews
    regularizer: Regularizer
    watches: Sequence[Logger] = ()

    @property
    def last_step(self) -> int:
        """The step whose network is kept if none is selected; 0 if there is nothing to train."""
        return 0 if self.optimizer is None else self.settings.steps

    def on(self, device: torch.device) -> Job:
        """Return the job on ``device``; the objective itself is moved, not copied."""
        graph, y = self.data.graph.to(device), self.data.y.to(device)
        return replace(
            self,
            device=device,
            data=replace(self.data, graph=graph, y=y),
            objective=self.objective.to(device),
        )


def prepare(request: Request) -> Job:
    """Build and check everything that can fail before the first step, without claiming a device."""
    config, settings = request.config, request.settings
    with spinner(f"loading {request.choices['dataset']}"):
        data = build.dataset(config)
    if not re.fullmatch(r"[\w+-][\w.+-]*", str(data.name)) or len(str(data.name)) > 100:
        raise ConfigError(
            f"dataset.name={data.name!r} cannot be part of a run folder's name: at most 100 "
            "letters, digits, +, - and, not first, dots"
        )
    split_seed = config.probe.split_seed
    if request.labels_used:
        require_a_label_each(data)
    protocols = allowed_protocols(request.protocols, data)
    splits = {name: splits_of(protocol, data, split_seed) for name, protocol in protocols.items()}
    check_metric(data, splits)
    split = None
    if request.labels_used:
        ((name, protocol),) = protocols.items()
        if settings.select == "val_accuracy":
            require_validation(protocol)
        split = one_split(splits[name], config.seed)
        splits = {name: [split[1]]}
    with_validation = [name for name, protocol in protocols.items() if protocol.has_validation]
    quick = with_validation and data.y.ndim == 1
    quick_split = splits[with_validation[0]][0] if quick else None
    labels: dict[str, Any] = {}
    if split is not None:
        train_nodes = torch.from_numpy(split[1].train)
        labels = {
            "labels": data.y, "train_nodes": train_nodes, "num_classes": data.num_classes,
        }  # fmt: skip
    objective = build.objective(config, data.graph.num_features, labels)
    weights = edge_weight_facts(data.name, objective.encoder, data.graph)
    uses = edge_use_facts(data.name, objective.encoder, data.graph.num_features, data.facts)
    data = replace(data, facts={**data.facts, **weights, **uses})
    parameters = list(objective.trainable_parameters())
    regularizer = build.regularizer(config)
    regularizer.at(0, settings.steps)  # a schedule longer than the run is refused here
    if parameters:
        # A copy in eval mode: reading a spectral parametrization in training moves its vectors.
        regularizer.check(copy.deepcopy(objective).eval())
    return Job(
        **vars(request),
        device=torch.device("cpu"),
        data=data,
        content_hash=content_hash(data),
        id=request.run_id(data.fingerprint),
        splits=splits,
        split=split,
        quick_split=quick_split,
        objective=objective,
        optimizer=build.optimizer(config, parameters) if parameters else None,
        augmentation=build.augmentation(config),
        regularizer=regularizer,
    )


def require_a_label_each(data: NodeDataset) -> None:
    """Check that nodes have one label each, as far as they have any, for a run that uses labels.

    Raises:
        ConfigError: no node has a label, or nodes have several.
    """
    if data.num_classes == 0 or data.y.ndim == 2:
        found = "no labels" if data.num_classes == 0 else "several labels per node"
        raise ConfigError(
            "this run uses labels (objective=supervised or trainer.select=val_accuracy), one per "
            f"node, but {data.name} has {found}"
        )


def allowed_protocols(
    protocols: Mapping[str, ProbeProtocol], data: NodeDataset
) -> Mapping[str, ProbeProtocol]:
    """Return the protocols that ``data`` allows: without labels, those that read none."""
    if data.num_classes == 0 and protocols:
        allowed = {k: v for k, v in protocols.items() if not reads_labels(v)}
        if len(allowed) < len(protocols):
            log.info("%s: not probed%s: no labels", data.name, " by all protocols" * bool(allowed))
        return allowed
    return protocols
