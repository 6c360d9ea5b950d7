"""From an encoder to an embedding."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

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
