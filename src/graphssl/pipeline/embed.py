"""Embed a graph with a trained encoder, or classify its nodes with a trained classifier."""

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
    """Compute the representation of every node of the original graph, (N, D).

    Uses a copy in eval mode (running statistics), as BGRL's official evaluation does, so that the
    call changes neither the encoder nor any random stream. An encoder that is random in eval mode
    gives the same result each time.
    """
    frozen = copy.deepcopy(encoder).eval()
    with global_stream(0, "diagnostics", graph.x.device):
        return encode(frozen, graph.view())


@torch.no_grad()
def classify(objective: ClassifierObjective, graph: Graph) -> Tensor:
    """Compute the logits of every node of the original graph, (N, C), with a copy in eval mode."""
    frozen = copy.deepcopy(objective)
    frozen.encoder.eval()
    frozen.classifier.eval()
    return frozen.logits(graph.view())
