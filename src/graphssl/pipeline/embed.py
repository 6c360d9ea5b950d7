"""From a network to an embedding, or to the scores of its own classifier."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from graphssl.contracts import ClassifierObjective
from graphssl.encoders.encoding import encode
from graphssl.graph import Graph


@torch.no_grad()
def embed(encoder: nn.Module, graph: Graph) -> Tensor:
    """Representation of every node of the untouched graph, (N, D).

    From a copy in eval mode (running statistics), as BGRL's official evaluation, so that looking
    changes neither the encoder nor any random stream.
    """
    frozen = copy.deepcopy(encoder).eval()
    with torch.random.fork_rng(devices=[]):
        return encode(frozen, graph.view())


@torch.no_grad()
def classify(objective: ClassifierObjective, graph: Graph) -> Tensor:
    """Scores of every node of the untouched graph, (N, C), from a copy in eval mode."""
    frozen = copy.deepcopy(objective)
    frozen.encoder.eval()
    frozen.classifier.eval()
    return frozen.logits(graph.view())
