"""Use of directed and repeated edges by an encoder, determined by calling it."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from graphssl.encoders.encoding import encode
from graphssl.graph import Graph

log = logging.getLogger(__name__)

# Node 0 has no edge to it, node 4 none from it; 2 and 3 are not connected to 0 and 1.
_DIRECTED = ((0, 2, 3), (1, 3, 4))


def edge_use_facts(
    name: str, encoder: nn.Module, num_features: int, facts: Mapping[str, Any]
) -> dict[str, str]:
    """Collect and log how ``encoder`` uses directed and repeated edges, if the graph has any.

    A copy of ``encoder`` is called in eval mode on a graph of five nodes. There is no
    answer for an encoder that works on no graph but its own, or in which every node depends on all
    others.

    Args:
        name: the dataset's name, for the log.
        encoder: the encoder.
        num_features: F.
        facts: the graph's ``edges_without_reverse`` and ``duplicate_edges``.

    Returns:
        ``directed_edges`` and ``repeated_edges``, each in a few words.

    Example:
        >>> from torch_geometric.nn import SAGEConv
        >>> facts = {"edges_without_reverse": 0.0, "duplicate_edges": 2}
        >>> edge_use_facts("mine", SAGEConv(3, 4, aggr="max"), 3, facts)
        {'repeated_edges': 'count once'}
    """
    found = {}
    try:
        if facts.get("edges_without_reverse"):
            found["directed_edges"] = _direction(encoder, num_features)
        if facts.get("duplicate_edges"):
            found["repeated_edges"] = _repetition(encoder, num_features)
    except Exception:  # an encoder made for the real graph only may raise anything
        return {}
    said = {key: words for key, words in found.items() if words is not None}
    for key, words in said.items():
        log.info("%s: %s: %s", name, key.replace("_", " "), words)
    return said


def _direction(encoder: nn.Module, num_features: int) -> str | None:
    x, edges = _features(num_features), torch.tensor(_DIRECTED)
    plain = _encoded(encoder, x, edges)
    # reached[i, j]: whether the output of node j depends on the features of node i
    flipped = [x * (1 - 2 * one)[:, None] for one in torch.eye(5)]
    reached = torch.stack([(_encoded(encoder, y, edges) != plain).any(dim=1) for y in flipped])
    if bool(reached[:2, 2:].any()) or not reached[0, 1]:
        return None
    backwards = bool(reached[1, 0])
    return f"messages pass from source to target{' and back' if backwards else ' only'}"


def _repetition(encoder: nn.Module, num_features: int) -> str:
    x, edges = _features(num_features), torch.tensor(_DIRECTED)
    # a second node that sends to 4, without which a mean or a softmax would not change
    edges = torch.cat([edges, torch.tensor([[1], [4]])], dim=1)
    again = torch.cat([edges, edges[:, -1:]], dim=1)
    same = torch.allclose(_encoded(encoder, x, edges), _encoded(encoder, x, again))
    return "count once" if same else "each counts"


def _features(num_features: int) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randn(5, num_features, generator=draw, dtype=torch.float32)


@torch.no_grad()
def _encoded(encoder: nn.Module, x: Tensor, edge_index: Tensor) -> Tensor:
    frozen = copy.deepcopy(encoder).cpu().eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return encode(frozen, Graph(x, edge_index).view())
