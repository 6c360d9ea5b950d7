"""Checks of how an encoder uses edge weights, made by calling it as training does."""

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
    """Name the layers that do not use the edge weights of ``graph``; None if they are used.

    A copy of ``encoder`` is called, as training calls it, on a graph of five nodes. Weights are
    used if the output has a gradient in them or changes with them. Weights that are all ones, and
    encoders that take no other graph, are not checked.
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
    except Exception:  # an encoder for the real graph alone fails as it likes
        return None
    names = {type(layer).__name__ for layer in encoder.modules() if _is_blind(layer)}
    return ", ".join(sorted(names)) or type(encoder).__name__


def _has_gradient(out: Tensor, weight: Tensor) -> bool:
    if not out.requires_grad:
        return False
    return torch.autograd.grad(out.sum(), weight, allow_unused=True)[0] is not None


def _is_blind(layer: nn.Module) -> bool:
    names = inspect.signature(layer.forward).parameters
    learns = next(layer.parameters(), None) is not None  # not so PyG's helpers
    return learns and "edge_index" in names and "edge_weight" not in names


def edge_weight_facts(name: str, encoder: nn.Module, graph: Graph) -> dict[str, str]:
    """Collect and log what to record about the edge weights of ``graph`` under ``encoder``.

    Returns:
        ``edge_weight`` if the encoder does not use them; ``negative_degree`` if dropped edges can
        make the loss NaN.

    Raises:
        DataError: the negative weights are the reason that the encoder's output is not finite.
    """
    if (unused := unused_by(encoder, graph)) is not None:
        log.warning("%s: the graph has edge weights, which are not used by %s", name, unused)
        return {"edge_weight": f"not used by {unused}"}
    weight = graph.edge_weight
    if weight is None or not (negative := int((weight < 0).sum())):
        return {}
    said = f"{negative} of {graph.num_edges} edge weights are negative (least {weight.min():g})"
    if not _finite(encoder, graph.view()):
        if not _finite(encoder, replace(graph, edge_weight=weight.abs()).view()):
            return {}  # the weights' signs are not the cause
        raise DataError(
            f"{name}: {said}, so that the output of {type(encoder).__name__} is not finite: layers "
            "that divide by the root of a degree, as GCN, need sums of weights above 0; use "
            "weights of 0 and more, or a layer that does not, as GraphConv"
        )
    if all(_finite(encoder, view) for view in _lowest_degrees(graph, weight)):
        return {}
    said = f"{name}: {said}: where views drop other edges a degree can be negative and the loss NaN"
    log.warning(said)
    return {"negative_degree": said}


@torch.no_grad()
def _finite(encoder: nn.Module, view: GraphView) -> bool:
    with torch.random.fork_rng(devices=[]):
        return bool(torch.isfinite(encode(copy.deepcopy(encoder).eval(), view)).all())


def _lowest_degrees(graph: Graph, weight: Tensor) -> Iterator[GraphView]:
    """Yield the views with the lowest degrees: negative weights alone, and with low self-loops.

    A layer that gives every node without a loop one of weight 1, as GCN does, has a lower degree
    where a loop of less than 1 is kept.
    """
    source, target = graph.edge_index
    yield graph.view().keep_edges(weight < 0)
    yield graph.view().keep_edges((weight < 0) | ((source == target) & (weight < 1)))
