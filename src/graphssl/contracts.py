"""Interfaces between the packages of the framework, and the legend of shapes.

Shapes: N nodes, E edges (each direction counted), F features, D dimensions of a representation,
C classes, S splits.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from graphssl.errors import ConfigError
from graphssl.graph import Graph, GraphView

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.floating]
AnyArray = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class NodeDataset:
    """A named graph with, where they are given, labels and splits for node classification.

    Attributes:
        name: name of the dataset, as on the command line, e.g. ``"cora"``.
        graph: features and edges, already normalised as the recipe requires.
        y: class of every node, (N,) int64 in 0..C-1, -1 for a node without a label; or, if nodes
            have several labels, (N, C) of 0 and 1, with -1 in the rows of nodes without labels.
        num_classes: C; 0 if no node has a label.
        train_mask: (N, S) bool, the training nodes of the splits that come with the data, one
            column per split; None if there are none.
        val_mask: (N, S) bool or None.
        test_mask: (N, S) bool or None.
        fingerprint: hash of the graph's files where its name does not determine them (a custom
            graph, or raw files that differ from the published ones); it replaces the path in the
            run's id. None for named graphs.
        metric: metric in which results on this graph are published, one of
            ``metric_names.METRICS``.
        node_ids: (N,) integers or strings that name the nodes in saved embeddings; None for 0..N-1.
        held_out_edges: (2, H) pairs of nodes, smaller id first, whose edges were removed from
            ``graph`` and are only scored (``data/hold_out.py``); None if no edge was held out.
        facts: recorded properties of the graph other than its size: edges without a reverse,
            self-loops, unused keys (``data/facts.py``).
    """

    name: str
    graph: Graph
    y: Tensor
    num_classes: int
    train_mask: Tensor | None = None
    val_mask: Tensor | None = None
    test_mask: Tensor | None = None
    fingerprint: str | None = None
    metric: str = "accuracy"
    node_ids: AnyArray | None = None
    held_out_edges: Tensor | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def labelled(self) -> Tensor:
        """Mark the nodes with a label, (N,) bool."""
        return self.y >= 0 if self.y.ndim == 1 else self.y[:, 0] >= 0


class Split(NamedTuple):
    """Node ids of one split, or pairs of nodes for a protocol that scores edges.

    Pairs are rows (i, j, 1 if an edge joins them, otherwise 0).

    Attributes:
        train: ids of the training nodes, (n,); or pairs, (n, 3).
        val: ids of the validation nodes, or pairs; empty if the protocol has none.
        test: ids of the test nodes, or pairs.
    """

    train: IntArray
    val: IntArray
    test: IntArray


@dataclass(frozen=True)
class ProbeScores:
    """Scores of one embedding under one protocol; sequences have one entry per split.

    A score is at most 1, which is perfect: shares, F1, AUC, mutual information. Reports show it
    times 100.

    Attributes:
        protocol: name of the protocol, printed with every number.
        solver: name of the solver that fitted the classifiers, e.g. ``"liblinear"``.
        metric: metric to print. A protocol that names ``"accuracy"`` leaves the choice to the
            graph: ``NodeDataset.metric`` is printed if ``test`` has it.
        test: metric -> score on the test nodes, e.g. ``{"accuracy": [0.81, 0.80]}``.
        val: metric -> score on the validation nodes; empty if the protocol has none.
        C: inverse regularization strength chosen per split.
        split_seed: seed of the splits and of the inner folds.
        chosen: what else was chosen without test labels, e.g. ``{"k": [5, 10]}``, one value per
            split.

    Raises:
        ConfigError: ``metric`` was not measured, or a score is missing, not finite, or above 1.

    Example:
        >>> test = {"accuracy": [0.8, 0.9]}
        >>> scores = ProbeScores("demo", "lbfgs", "accuracy", test, {}, C=[1, 1], split_seed=0)
        >>> scores.test[scores.metric]
        [0.8, 0.9]
    """

    protocol: str
    solver: str
    metric: str
    test: Mapping[str, Sequence[float]]
    val: Mapping[str, Sequence[float]]
    C: Sequence[float]
    split_seed: int
    chosen: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.metric not in self.test:
            raise ConfigError(
                f"probe {self.protocol}: metric={self.metric!r} is not among the scores it "
                f"returned: {', '.join(self.test) or 'none'}"
            )
        splits = len(self.test[self.metric])
        for part, found in (("test", self.test), ("val", self.val)):
            for metric, scores in found.items():
                if not splits or len(scores) != splits:
                    raise ConfigError(
                        f"probe {self.protocol}: {part}[{metric!r}] has {len(scores)} scores for "
                        f"{splits} splits"
                    )
                for score in scores:
                    if not (math.isfinite(score) and score <= 1):
                        raise ConfigError(
                            f"probe {self.protocol}: {part}[{metric!r}] contains {score}; a score "
                            "must be finite and at most 1"
                        )


class ProbeProtocol(Protocol):
    """A named way to score an embedding, by node classification or another task.

    Attributes:
        name: printed with every number.
        has_validation: whether its splits have validation nodes.

    A protocol that does not read the labels sets ``uses_labels = False``; it is then called with
    every node, whether it has a label or not.
    """

    name: str
    has_validation: bool

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Return the splits of ``dataset``; the same seed gives the same splits.

        Its ``y`` and masks are those of the nodes with a label, and splits are positions in them.
        """
        ...

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit and test on each split; test labels must not influence any choice.

        Nothing but the arguments is read, so that any embeddings can be scored, whatever made them.

        Args:
            embeddings: (N, D), of the nodes with a label.
            y: class of every node, (N,), or 0 and 1 for each class, (N, C).
            splits: as returned by ``splits``.
            seed: seed of everything random in the fit, e.g. inner folds.
        """
        ...


@runtime_checkable
class Encoder(Protocol):
    """Any ``nn.Module`` with this interface, such as PyG's own models.

    Attributes:
        out_channels: D, the size of the representation.
    """

    out_channels: int

    def __call__(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """Encode every node: (N, F) -> (N, D)."""
        ...

    def reset_parameters(self) -> None:
        """Reinitialise all weights."""
        ...


class Augmentation(Protocol):
    """A random change of a view, drawn from the given generator and never from torch's global one.

    Example:
        >>> def add_noise(view: GraphView, generator: torch.Generator) -> GraphView:
        ...     noise = torch.randn(view.x.shape, generator=generator)
        ...     return view.with_features(view.x + 0.1 * noise)
    """

    def __call__(self, view: GraphView, generator: torch.Generator) -> GraphView:
        """Hide or replace some features or edges of ``view``."""
        ...


@dataclass(frozen=True)
class StepOutput:
    """Result of one evaluation of an objective.

    Attributes:
        loss: scalar.
        representations: output of the trained encoder, one (N, D) tensor per view.
        embeddings: output of the predictor or projector, one tensor per view.
    """

    loss: Tensor
    representations: tuple[Tensor, ...]
    embeddings: tuple[Tensor, ...] = ()


class Objective(nn.Module, ABC):
    """Base class of losses on two views; subclasses define ``__init__`` and ``forward``.

    The constructor receives the encoder as ``encoder`` and must keep it under that name.

    Attributes:
        encoder: the encoder that is trained and kept.
        uses_labels: whether the constructor also takes ``labels`` (N,), ``train_nodes`` (ids) and
            ``num_classes`` of the one split on which the run is then trained and scored.
        static_forward: whether ``forward`` depends on no Python value that changes between steps,
            so that a GPU may replay it.
        sets_encoder_aside: whether the given encoder is ignored, and therefore not checked.

    Example:
        >>> class Invariance(Objective):
        ...     def __init__(self, encoder):
        ...         super().__init__()
        ...         self.encoder = encoder
        ...
        ...     def forward(self, view1, view2):
        ...         h1, h2 = (self.encoder(v.x, v.edge_index) for v in (view1, view2))
        ...         return StepOutput((h1 - h2).square().mean(), (h1, h2))
    """

    encoder: nn.Module
    uses_labels: ClassVar[bool] = False
    static_forward: ClassVar[bool] = False
    sets_encoder_aside: ClassVar[bool] = False

    @abstractmethod
    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss of one pair of views."""

    def trainable_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that the optimizer updates, by default all that require a gradient.

        An objective without any is not trained.
        """
        return (parameter for parameter in self.parameters() if parameter.requires_grad)

    def after_step(self, step: int, total: int) -> None:
        """Update state after optimizer step ``step`` (from 1) of ``total``, e.g. a target network.

        By default this does nothing.
        """
        del step, total


class ClassifierObjective(Objective):
    """An objective whose own classifier is scored instead of a probe on its encoder.

    Attributes:
        classifier: the classifier that is trained and kept with the encoder.
    """

    classifier: nn.Module

    @abstractmethod
    def logits(self, view: GraphView) -> Tensor:
        """Compute the logits of every node of ``view``, (N, C)."""


@dataclass(frozen=True)
class Penalty:
    """Value of a regularizer, and its lower bound given the shapes of the matrices.

    Attributes:
        total: scalar added to the loss, with the alphas applied.
        per_layer: value per layer, without alpha.
        floor: lower bound of ``total``.
        floors: lower bound of each layer's value, where known.
    """

    total: Tensor
    per_layer: Mapping[str, Tensor]
    floor: float = 0.0
    floors: Mapping[str, float] = field(default_factory=dict)


class Regularizer(ABC):
    """A penalty on the weights of the network, or on the outputs of a step.

    Subclasses define ``__call__``; the other methods have defaults.

    Example:
        >>> class WeightDecay(Regularizer):
        ...     def __call__(self, weights, output):
        ...         each = {name: weight.square().sum() for name, weight in weights.items()}
        ...         return Penalty(1e-4 * sum(each.values()), each)
    """

    @abstractmethod
    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """Compute the penalty.

        Args:
            weights: name -> (out, in) weight matrix of every trained layer.
            output: output of the step, which holds the representations.
        """

    def check(self, network: nn.Module) -> None:
        """Check that ``network`` fits; called once, before training.

        Raises:
            ConfigError: the network does not fit.
        """
        del network

    def at(self, step: int, total: int) -> Self:
        """Return the regularizer with its strength at ``step`` (from 0) of ``total``.

        By default this is the regularizer itself. A schedule longer than ``total`` steps must be
        refused here; this method is called once before training.
        """
        del step, total
        return self

    def decoupled_step(self, weights: Mapping[str, Tensor], lr: float | Tensor) -> None:
        """Update ``weights`` outside the loss, just before the optimizer's step.

        By default this does nothing.
        """
        del weights, lr
