"""Check how an encoder uses edge weights by calling it as in training."""

from __future__ import annotations

import copy
import inspect
import logging
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from graphssl.encoders.encoding import encode
from graphssl.errors import DataError
from graphssl.graph import Graph, GraphView

log = logging.getLogger(__name__)

# A path with a fork: enough for every layer to pass a message along a weighted edge.
_EDGES = ((0, 1, 1, 2, 2, 3, 2, 4), (1, 0, 2, 1, 3, 2, 4, 2))


def unused_by(encoder: nn.Module, graph: Graph) -> str | None:
    """Name the layers that ignore the edge weights of ``graph``; None if the weights are used.

    A copy of ``encoder`` is called as in training, on a graph of five nodes. The weights are used
    if the output has a gradient in them or changes with them. This is not checked if all weights
    are 1, or if the encoder works on no graph but its own.
    """
    if graph.edge_weight is None or bool((graph.edge_weight == 1).all()):
        return None
    frozen = copy.deepcopy(encoder).cpu().eval()
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(5, graph.num_features, generator=draw, dtype=torch.float32)
    edge_index = torch.tensor(_EDGES)
    weight = 0.5 + torch.rand(edge_index.size(1), generator=draw, dtype=torch.float32)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            other = encode(frozen, Graph(x, edge_index, weight.flip(0)).view())
            out = encode(frozen, Graph(x, edge_index, weight.requires_grad_()).view())
            if not torch.equal(out, other) or _has_gradient(out, weight):
                return None
    except Exception:  # an encoder made for the real graph only may raise anything
        return None
    names = {type(layer).__name__ for layer in encoder.modules() if _is_blind(layer)}
    return ", ".join(sorted(names)) or type(encoder).__name__


def _has_gradient(out: Tensor, weight: Tensor) -> bool:
    if not out.requires_grad:
        return False
    return torch.autograd.grad(out.sum(), weight, allow_unused=True)[0] is not None


def _is_blind(layer: nn.Module) -> bool:
    names = inspect.signature(layer.forward).parameters
    learns = next(layer.parameters(), None) is not None  # False for PyG's helper modules
    return learns and "edge_index" in names and "edge_weight" not in names


def edge_weight_facts(name: str, encoder: nn.Module, graph: Graph) -> dict[str, str]:
    """Collect and log facts about the edge weights of ``graph`` with ``encoder``.

    Returns:
        ``edge_weight`` if the encoder ignores them; ``negative_degree`` if dropping edges can make
        the loss NaN.

    Raises:
        DataError: negative weights make the encoder's output not finite.
    """
    if (unused := unused_by(encoder, graph)) is not None:
        log.warning("%s: the graph has edge weights, which are not used by %s", name, unused)
        return {"edge_weight": f"not used by {unused}"}
    weight = graph.edge_weight
    if weight is not None:
        log.info("%s: edge weights are passed to %s", name, type(encoder).__name__)
    if weight is None or not (negative := int((weight < 0).sum())):
        return {}
    fact = f"{negative} of {graph.num_edges} edge weights are negative (least {weight.min():g})"
    if not _finite(encoder, graph.view()):
        if not _finite(encoder, replace(graph, edge_weight=weight.abs()).view()):
            return {}  # the weights' signs are not the cause
        raise DataError(
            f"{name}: {fact}, so that the output of {type(encoder).__name__} is not finite: layers "
            "that divide by the square root of a degree, such as GCN, need positive sums of "
            "weights; use non-negative weights, or a layer without degrees, such as GraphConv"
        )
    if all(_finite(encoder, view) for view in _lowest_degrees(graph, weight)):
        return {}
    fact += ": if views drop other edges, a degree can be negative and the loss NaN"
    log.warning("%s: %s", name, fact)
    return {"negative_degree": fact}


@torch.no_grad()
def _finite(encoder: nn.Module, view: GraphView) -> bool:
    with torch.random.fork_rng(devices=[]):
        return bool(torch.isfinite(encode(copy.deepcopy(encoder).eval(), view)).all())


def _lowest_degrees(graph: Graph, weight: Tensor) -> Iterator[GraphView]:
    """Yield the views with the lowest degrees: negative weights only, and with small self-loops.

    A layer that adds a self-loop of weight 1 to every node without one, as GCN does, has a lower
    degree at a node that keeps a loop of weight below 1.
    """
    source, target = graph.edge_index
    yield graph.view().keep_edges(weight < 0)
    yield graph.view().keep_edges((weight < 0) | ((source == target) & (weight < 1)))
