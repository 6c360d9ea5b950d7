"""GCN's propagation on a masked view, without copying the graph.

A dropped edge is a zero weight in ``D^-1/2 (A + I) D^-1/2``, which is exact because GCN is linear
in the edge weights. So the edges are sorted once per graph; a view only fills in values and, on a
CPU, leaves out the zeros.

Shapes: N nodes, E edges, E' edges other than self-loops, L self-loops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.nn import GCNConv

from graphssl.encoders.fast import shapes
from graphssl.encoders.fast.sparse import BothWays, SparseMatrix
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per


@dataclass(frozen=True, eq=False)
class _Plan:
    """The part of the adjacency matrix that depends on the graph only, not on a view.

    Attributes:
        edge: ids of the edges other than self-loops, (E',).
        source: source of each of these, (E',).
        target: target of each of these, (E',).
        loop: ids of the self-loops, (L,).
        loop_node: node of each of these, (L,).
        pattern: (N, N), entries ``edge`` then one loop per node, row = target.
    """

    edge: Tensor
    source: Tensor
    target: Tensor
    loop: Tensor
    loop_node: Tensor
    pattern: BothWays


def supports_graph(graph: Graph) -> bool:
    """Return whether ``graph`` is constant and no node has several self-loops.

    Of several self-loops PyG uses the last one, and which one is last depends on the mask.
    """
    weight = graph.edge_weight
    return not (
        graph.x.requires_grad
        or (weight is not None and weight.requires_grad)
        or _parallel_loops(graph)
    )


def supports_conv(conv: torch.nn.Module) -> bool:
    """Return whether ``conv`` is a GCN layer that the formulas below describe."""
    return (
        type(conv) is GCNConv
        and bool(conv.normalize and conv.add_self_loops)
        and not (conv.improved or conv.cached)
        and conv.aggr == "add"
        and conv.flow == "source_to_target"
    )


def linear_map(conv: GCNConv) -> Tensor:
    """Return the weight of the layer's linear map, (out, in)."""
    weight: Tensor = conv.lin.weight
    return weight


def propagation(view: GraphView) -> Callable[[GCNConv, Tensor], Tensor]:
    """Make the part of a GCN layer on ``view`` after its linear map: (conv, (N, D)) -> (N, D)."""
    # Shared by all layers of the encoder.
    adjacency = normalized_adjacency(view)

    def propagate(conv: GCNConv, h: Tensor) -> Tensor:
        h = adjacency @ h  # (N, N) @ (N, D)
        return h if conv.bias is None else h.add_(conv.bias)

    return propagate


# Once per view: both the online and the target encoder use it.
@once_per
def normalized_adjacency(view: GraphView) -> SparseMatrix:
    """Compute ``D^-1/2 (A + I) D^-1/2`` of the edges left in ``view``, (N, N), row = target.

    As in PyG's ``gcn_norm``, a self-loop in the graph keeps its weight instead of 1, degrees are
    sums of incoming weights, and ``0^-1/2 = 0``. Kipf & Welling, arXiv 1609.02907.
    """
    graph, plan = view.graph, _plan(view.graph)
    weight = graph.edge_weight
    if weight is None:
        weight = graph.x.new_ones(graph.num_edges)  # (E,)
    kept = weight if view.edge_mask is None else weight * view.edge_mask  # (E,), 0 if dropped
    edge_weight = kept.index_select(0, plan.edge)  # (E',)
    loop_weight = graph.x.new_ones(graph.num_nodes)  # (N,)
    if plan.loop.numel() > 0:
        loop_weight = _existing_loops(loop_weight, plan, weight, view.edge_mask)
    degree = loop_weight.index_add(0, plan.target, edge_weight)  # (N,)
    scale = degree.pow(-0.5)  # (N,); infinite for a degree of 0
    scale = scale.masked_fill(torch.isinf(scale), 0.0)
    # (E',) each
    at_source, at_target = (scale.index_select(0, ends) for ends in (plan.source, plan.target))
    # (E' + N,): the edges, then one loop per node, as in plan.pattern
    values = torch.cat([at_source * edge_weight * at_target, scale.square() * loop_weight])
    pattern = plan.pattern
    # Zeros are left out only where shapes may depend on data; the product is the same with them.
    if view.edge_mask is not None and shapes.may_follow_masks(graph):
        loops = view.edge_mask.new_ones(graph.num_nodes)  # (N,): loops are never dropped
        pattern = pattern.only(torch.cat([view.edge_mask.index_select(0, plan.edge), loops]))
    return pattern.matrix(values)


def _existing_loops(ones: Tensor, plan: _Plan, weight: Tensor, edge_mask: Tensor | None) -> Tensor:
    """Set the weights of the graph's self-loops in ``ones`` (N,); dropped ones count as added."""
    if edge_mask is None:
        return ones.index_copy(0, plan.loop_node, weight[plan.loop])
    kept = torch.where(edge_mask[plan.loop], weight[plan.loop], ones[plan.loop_node])  # (L,)
    return ones.index_copy(0, plan.loop_node, kept)


@once_per
def _parallel_loops(graph: Graph) -> bool:
    source, target = graph.edge_index
    looped = source[source == target]  # (L,), a node once per loop
    return bool(looped.numel() != looped.unique().numel())


@once_per
def _plan(graph: Graph) -> _Plan:
    source, target = graph.edge_index  # (E,) each
    is_loop = source == target  # (E,)
    edge, loop = (~is_loop).nonzero().flatten(), is_loop.nonzero().flatten()  # (E',), (L,)
    source, target = source[edge], target[edge]  # (E',) each
    nodes = torch.arange(graph.num_nodes, device=source.device)  # (N,), the loops
    rows, cols = torch.cat([target, nodes]), torch.cat([source, nodes])  # (E' + N,) each
    size = (graph.num_nodes, graph.num_nodes)
    return _Plan(
        edge=edge,
        source=source,
        target=target,
        loop=loop,
        loop_node=graph.edge_index[0, loop],
        pattern=BothWays.of(rows, cols, size),
    )
