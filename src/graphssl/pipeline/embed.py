"""From an encoder to an embedding."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

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
