"""From a network to an embedding, or to the scores of its own classifier."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from graphssl.contracts import ClassifierObjective
from graphssl.encoders.encoding import encode
from graphssl.graph import Graph
from graphssl.seeding import global_stream


@torch.no_grad()
def embed(encoder: nn.Module, graph: Graph) -> Tensor:
    """Representation of every node of the untouched graph, (N, D).

    From a copy in eval mode (running statistics), as BGRL's official evaluation, so that looking
    changes neither the encoder nor any random stream. An encoder that draws in eval mode draws the
    same each time.
    """
    frozen = copy.deepcopy(encoder).eval()
    with global_stream(0, "diagnostics", graph.x.device):
        return encode(frozen, graph.view())


@torch.no_grad()
def classify(objective: ClassifierObjective, graph: Graph) -> Tensor:
    """Scores of every node of the untouched graph, (N, C), from a copy in eval mode."""
    frozen = copy.deepcopy(objective)
    frozen.encoder.eval()
    frozen.classifier.eval()
    return frozen.logits(graph.view())
