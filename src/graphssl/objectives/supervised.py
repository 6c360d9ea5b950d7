"""The same encoder trained with labels: the reference that is meant as a ceiling."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode
from graphssl.graph import GraphView


class Supervised(Objective):
    """Cross-entropy of a linear classifier on the encoder, on the training nodes of one split.

    Sees the first view alone. Its scores are the probe's, on that split only.

    Args:
        encoder: the encoder trained and kept.
        labels: class of every node, (N,).
        train_nodes: ids of the training nodes of the one split.
        num_classes: C.
    """

    uses_labels = True
    train_nodes: Tensor
    train_labels: Tensor

    def __init__(
        self, encoder: nn.Module, labels: Tensor, train_nodes: Tensor, num_classes: int
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(encoder.out_channels, num_classes)  # type: ignore[arg-type]
        self.register_buffer("train_nodes", train_nodes, persistent=False)
        self.register_buffer("train_labels", labels[train_nodes], persistent=False)

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Cross-entropy on the training nodes of ``view1``."""
        h = encode(self.encoder, view1)
        logits = self.classifier(h)
        loss = cross_entropy(logits[self.train_nodes], self.train_labels)
        return StepOutput(loss, (h,), (logits,))
