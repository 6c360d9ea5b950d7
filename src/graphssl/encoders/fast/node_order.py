"""A node order in which neighbours have close indices, which keeps propagation in the cache.

Propagation reads a row of H for every edge, target by target. If successive targets share
neighbours, these rows are still in the cache. An encoder that treats all nodes alike gives the same
result for every order.
"""

from __future__ import annotations

import torch
from torch import Tensor

from graphssl.encoders.fast.first_product import sparse_features
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per

# With fewer nodes H fits into the cache in any order: 4 MiB with 256 channels.
MIN_NODES = 2**12
# Largest share of the distance between neighbours' indices that may remain. Real graphs in the
# benchmarks reach 0.13 to 0.54; a random graph, which has no order to find, reaches 0.85.
MAX_DISTANCE = 0.7


def renumbered(view: GraphView) -> tuple[GraphView, Tensor | None]:
    """Renumber the nodes of ``view`` if that pays off; also return each node's new index, (N,).

    Otherwise the result is ``(view, None)``: on a GPU, for few nodes, for features so sparse that
    propagation takes little of the time, if no order brings neighbours together, or if the mask has
    one value per entry.
    """
    found = _renumbered_view(view) if view.hides_only else None
    return (view, None) if found is None else found


# Once per view: both the online and the target encoder use it.
@once_per
def _renumbered_view(view: GraphView) -> tuple[GraphView, Tensor] | None:
    found = renumbered_graph(view.graph)
    if found is None:
        return None
    graph, number = found
    return GraphView(graph, view.feature_mask, view.edge_mask), number


@once_per
def renumbered_graph(graph: Graph) -> tuple[Graph, Tensor] | None:
    """Renumber ``graph`` in reverse Cuthill-McKee order if that pays off; also return new indices.

    The second result is the new index of each node, (N,).
    """
    nodes, x = graph.num_nodes, graph.x
    if x.device.type != "cpu" or nodes < MIN_NODES or sparse_features(graph) is not None:
        return None
    from scipy.sparse import csr_array  # slow to import, and for large graphs alone
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    source, target = graph.edge_index
    ones = torch.ones(graph.num_edges, dtype=torch.int8)
    adjacency = csr_array((ones.numpy(), (target.numpy(), source.numpy())), (nodes, nodes))
    order = torch.from_numpy(reverse_cuthill_mckee(adjacency).copy()).long()
    # order: new -> old, number: old -> new, (N,) each
    number = torch.empty_like(order).index_copy_(0, order, torch.arange(nodes))
    edge_index = number[graph.edge_index]
    if _distance(edge_index) > MAX_DISTANCE * _distance(graph.edge_index):
        return None
    return Graph(x.index_select(0, order), edge_index, graph.edge_weight), number


def _distance(edge_index: Tensor) -> int:
    """Sum the distances between the indices of neighbours over all edges."""
    source, target = edge_index
    return int((source - target).abs().sum())
