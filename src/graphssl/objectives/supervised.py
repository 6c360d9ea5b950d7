"""A classifier trained with labels, as a reference for self-supervised objectives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from graphssl.contracts import ClassifierObjective, StepOutput
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.encoding import encode
from graphssl.encoders.operators import NodeLinear
from graphssl.graph import GraphView


class Supervised(ClassifierObjective):
    """Cross-entropy of a classification layer on the encoder, on the training nodes of one split.

    ``logits = conv(drop(encoder(view)))``. With a GCN of one hidden layer as encoder and GCN's
    operator as ``conv`` this is the GCN of Kipf & Welling (arXiv 1609.02907). It uses the first
    view only. Its score is the accuracy of ``logits``, on that split only.

    Args:
        encoder: the encoder that is trained and kept.
        labels: class of every node, (N,).
        train_nodes: ids of the training nodes of the one split.
        num_classes: C.
        conv: factory of the classification layer from D to C, any PyG operator; attention heads are
            averaged. None for a linear layer, which uses no edges.
        dropout: dropout probability of the representation, before the classification layer.
    """

    uses_labels = True
    train_nodes: Tensor
    train_labels: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        labels: Tensor,
        train_nodes: Tensor,
        num_classes: int,
        conv: Callable[..., nn.Module] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        layer: Callable[..., nn.Module] = conv or NodeLinear
        if "heads" in getattr(layer, "keywords", {}):
            layer = partial(layer, concat=False)
        channels: int = encoder.out_channels  # type: ignore[assignment]
        self.classifier = ConvStack(channels, [num_classes], layer, nn.Identity, dropout=dropout)
        self.register_buffer("train_nodes", train_nodes, persistent=False)
        self.register_buffer("train_labels", labels[train_nodes], persistent=False)

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the cross-entropy on the training nodes of ``view1``; ``view2`` is not used."""
        h = encode(self.encoder, view1)
        logits = self._classify(h, view1)
        loss = cross_entropy(logits[self.train_nodes], self.train_labels)
        return StepOutput(loss, (h,), (logits,))

    def logits(self, view: GraphView) -> Tensor:
        """Compute the logits of every node of ``view``, (N, C)."""
        return self._classify(encode(self.encoder, view), view)

    def _classify(self, h: Tensor, view: GraphView) -> Tensor:
        view.require_own_nodes("objective Supervised")
        logits: Tensor = self.classifier(h, view.edge_index, view.edge_weight)
        return logits
