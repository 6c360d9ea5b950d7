"""The interfaces between the rooms of the framework, and the shape legend.

Shapes: N nodes, E edges (each direction counted), F features, D dimensions of a representation,
C classes, S splits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from graphssl.graph import Graph, GraphView

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class NodeDataset:
    """A named graph with what node classification needs.

    Attributes:
        name: as on the command line, e.g. ``"cora"``.
        graph: features and edges, already normalised as the recipe asks.
        y: class of every node, (N,) int64 in 0..C-1.
        num_classes: C.
        train_mask: (N, S) bool, the splits that come with the data, one a column; None without.
        val_mask: (N, S) bool or None.
        test_mask: (N, S) bool or None.
        fingerprint: hash of the files of a graph that its name does not tell, a user's own or raw
            files unlike the published ones, which stands in for its path in the
            identity of a run; None for named graphs.
    """

    name: str
    graph: Graph
    y: Tensor
    num_classes: int
    train_mask: Tensor | None = None
    val_mask: Tensor | None = None
    test_mask: Tensor | None = None
    fingerprint: str | None = None


class Split(NamedTuple):
    """Node ids of one split; ``val`` is empty where the protocol has no validation nodes."""

    train: IntArray
    val: IntArray
    test: IntArray


@dataclass(frozen=True)
class ProbeScores:
    """What one protocol measured on one embedding; sequences have one entry a split.

    Attributes:
        protocol: the protocol's name, printed with every number.
        solver: what did the fitting, e.g. ``"liblinear"``.
        test_accuracy: in [0, 1], by arg-max.
        val_accuracy: in [0, 1]; empty where the protocol has no validation nodes.
        C: the inverse regularization strength chosen on each split.
        split_seed: seed of the splits and of the inner folds.
    """

    protocol: str
    solver: str
    test_accuracy: Sequence[float]
    val_accuracy: Sequence[float]
    C: Sequence[float]
    split_seed: int


class ProbeProtocol(Protocol):
    """A named way to score an embedding by node classification."""

    name: str
    has_validation: bool

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """The splits of ``dataset`` under this protocol; the same seed gives the same splits."""
        ...

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit and test on each split; embeddings (N, D), y (N,). Test labels choose nothing."""
        ...


@runtime_checkable
class Encoder(Protocol):
    """Any ``nn.Module`` of this form; PyG's own models fit."""

    out_channels: int

    def __call__(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """(N, F) -> (N, D)."""
        ...

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        ...


class Augmentation(Protocol):
    """A random view of a view; draws from ``generator`` alone, never from torch's global stream."""

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide some features or edges of ``view``."""
        ...


@dataclass(frozen=True)
class StepOutput:
    """One evaluation of an objective.

    Attributes:
        loss: scalar.
        representations: output of the trained encoder, one (N, D) tensor a view.
        embeddings: output of the predictor or projector, one tensor a view.
    """

    loss: Tensor
    representations: tuple[Tensor, ...]
    embeddings: tuple[Tensor, ...] = ()


class Objective(Protocol):
    """An ``nn.Module`` that turns two views into a loss; ``encoder`` is the one kept."""

    encoder: nn.Module

    def __call__(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Evaluate the loss."""
        ...

    def trainable_parameters(self) -> Iterator[nn.Parameter]:
        """The parameters the optimizer moves; none at all means there is nothing to train."""
        ...

    def after_step(self, step: int, total: int) -> None:
        """Called after optimizer step ``step`` (from 1) of ``total``, e.g. to move a target."""
        ...


@dataclass(frozen=True)
class Penalty:
    """A regularizer's value and the least it can be at these shapes.

    Attributes:
        total: what is added to the loss, scalar, alphas applied.
        per_layer: each layer's own value, alpha not applied.
        floor: the least that ``total`` can be.
        floors: the least that each layer's own value can be, where it is known.
    """

    total: Tensor
    per_layer: Mapping[str, Tensor]
    floor: float = 0.0
    floors: Mapping[str, float] = field(default_factory=dict)


class Regularizer(Protocol):
    """A penalty on the weights of the network, or on what the step put out.

    ``regularizers.base.BaseRegularizer`` answers all but the call for those that need no more.
    """

    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """WERank reads ``weights`` (name -> (out, in) matrix), VICReg's terms read ``output``."""
        ...

    def check(self, network: nn.Module) -> None:
        """Raise ``ConfigError`` for a network that does not fit; called once, before training."""
        ...

    def at(self, step: int, total: int) -> Self:
        """The same regularizer with its strength as it is at ``step`` (from 0) of ``total``."""
        ...

    def decoupled_step(self, weights: Mapping[str, Tensor], lr: float | Tensor) -> None:
        """What is not added to the loss: its own step, called before the optimizer's."""
        ...
