"""Embed a graph with a trained encoder, or classify its nodes with a trained classifier."""

from __future__ import annotations

import copy
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from graphssl.atomic import replace_bytes
from graphssl.contracts import AnyArray, ClassifierObjective
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


def save_embedding(embedding: Tensor, node_ids: AnyArray | None, path: Path) -> None:
    """Save ``embedding`` (N, D) as float32 and ``node_ids`` (N,), 0..N-1 if None, atomically."""
    rows = embedding.float().cpu().numpy()
    ids = np.arange(len(rows)) if node_ids is None else node_ids
    content = BytesIO()
    np.savez_compressed(content, embeddings=rows, node_ids=ids)
    replace_bytes(path, content.getbuffer())
