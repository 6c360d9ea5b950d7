"""GCN's propagation and first product on a masked view, without copying the graph.

A dropped edge is a zero weight in ``D^-1/2 (A + I) D^-1/2``, exact because GCN is linear in the
edge weight and sums; a hidden feature dimension is a zero row of the first weight matrix. So the
sparse pattern is made once a graph, and a view only fills in values.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch_geometric.nn import GCNConv

from graphssl.encoders.sparse import Pattern, SparseMatrix
from graphssl.graph import Graph, GraphView

# A sparse first product pays twofold here and breaks even near 0.2 (docs/performance.md).
SPARSE_DENSITY = 0.1


@dataclass(frozen=True, eq=False)
class _Plan:
    """What depends on the graph alone.

    Attributes:
        edge: ids of the edges that are no self-loops, with ``source`` and ``target`` of each.
        loop: ids of the self-loops, with ``loop_node`` of each.
        pattern: entries ``edge`` then one loop a node, row = target; ``transposed``: row = source.
        features: the feature matrix as a sparse one, where it is sparse enough to pay.
        parallel_loops: whether some node has several self-loops.
    """

    edge: Tensor
    source: Tensor
    target: Tensor
    loop: Tensor
    loop_node: Tensor
    pattern: Pattern
    transposed: Pattern
    features: SparseMatrix | None
    parallel_loops: bool


_plans: WeakKeyDictionary[Graph, _Plan] = WeakKeyDictionary()


def supports_graph(graph: Graph) -> bool:
    """Whether ``graph`` is a constant and no node has several self-loops.

    Of several self-loops PyG lets the last one count, and which one is last depends on the mask.
    """
    weight = graph.edge_weight
    return not (
        graph.x.requires_grad
        or (weight is not None and weight.requires_grad)
        or _plan(graph).parallel_loops
    )


def supports_conv(conv: torch.nn.Module) -> bool:
    """Whether ``conv`` is a GCN layer whose mathematics is the one written here."""
    return (
        type(conv) is GCNConv
        and bool(conv.normalize and conv.add_self_loops)
        and not (conv.improved or conv.cached)
        and conv.aggr == "add"
        and conv.flow == "source_to_target"
    )


def normalized_adjacency(view: GraphView) -> SparseMatrix:
    """``D^-1/2 (A + I) D^-1/2`` of the edges left in ``view``, (N, N), row = target.

    As PyG's ``gcn_norm``: a self-loop that the graph has keeps its weight (the last one counts)
    instead of 1, degrees are sums of incoming weights, and ``0^-1/2 = 0``. Kipf & Welling, arXiv
    1609.02907.
    """
    graph, plan = view.graph, _plan(view.graph)
    weight = graph.edge_weight
    if weight is None:
        weight = graph.x.new_ones(graph.num_edges)
    kept = weight if view.edge_mask is None else weight * view.edge_mask
    edge_weight = kept[plan.edge]
    loop_weight = graph.x.new_ones(graph.num_nodes)
    if plan.loop.numel() > 0:
        loop_weight = _existing_loops(loop_weight, plan, weight, view.edge_mask)
    degree = loop_weight.index_add(0, plan.target, edge_weight)
    scale = degree.pow(-0.5)
    scale = scale.masked_fill(torch.isinf(scale), 0.0)
    values = torch.cat(
        [scale[plan.source] * edge_weight * scale[plan.target], scale.square() * loop_weight]
    )
    return SparseMatrix(plan.pattern.matrix(values), plan.transposed.matrix(values))


def first_product(view: GraphView, weight: Tensor) -> Tensor:
    """``(X * mask) W`` with W = ``weight.T`` given as (D, F): (N, F) -> (N, D)."""
    if view.feature_mask is not None:
        weight = weight * view.feature_mask
    features = _plan(view.graph).features
    return view.graph.x @ weight.t() if features is None else features @ weight.t()


def _existing_loops(ones: Tensor, plan: _Plan, weight: Tensor, edge_mask: Tensor | None) -> Tensor:
    if edge_mask is None:
        return ones.index_copy(0, plan.loop_node, weight[plan.loop])
    kept = torch.where(edge_mask[plan.loop], weight[plan.loop], ones[plan.loop_node])
    return ones.index_copy(0, plan.loop_node, kept)


def _plan(graph: Graph) -> _Plan:
    if graph not in _plans:
        _plans[graph] = _make_plan(graph)
    return _plans[graph]


def _make_plan(graph: Graph) -> _Plan:
    source, target = graph.edge_index
    is_loop = source == target
    edge, loop = (~is_loop).nonzero().flatten(), is_loop.nonzero().flatten()
    source, target = source[edge], target[edge]
    nodes = torch.arange(graph.num_nodes, device=source.device)
    rows, cols = torch.cat([target, nodes]), torch.cat([source, nodes])
    size = (graph.num_nodes, graph.num_nodes)
    return _Plan(
        edge=edge,
        source=source,
        target=target,
        loop=loop,
        loop_node=graph.edge_index[0, loop],
        pattern=Pattern.of(rows, cols, size),
        transposed=Pattern.of(cols, rows, size),
        features=_sparse_features(graph.x),
        parallel_loops=loop.numel() != graph.edge_index[0, loop].unique().numel(),
    )


def _sparse_features(x: Tensor) -> SparseMatrix | None:
    if x.count_nonzero() > SPARSE_DENSITY * x.numel():
        return None
    row, col = x.nonzero(as_tuple=True)
    values = x[row, col]
    size = (x.size(0), x.size(1))
    return SparseMatrix(
        forward=Pattern.of(row, col, size).matrix(values),
        transposed=Pattern.of(col, row, (size[1], size[0])).matrix(values),
    )
