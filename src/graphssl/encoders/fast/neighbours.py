"""Sums and means over the neighbours in a view, as sparse products without messages.

The edges are sorted once per graph; hidden ones are left out per view.
"""

from __future__ import annotations

from graphssl.encoders.fast.sparse import BothWays, SparseMatrix
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per


def supports_graph(graph: Graph) -> bool:
    """Return whether ``graph`` is constant and on the CPU; other devices use PyG's own kernels."""
    return graph.x.device.type == "cpu" and not graph.x.requires_grad


# Once per view: all layers of the online and of the target encoder use it.
@once_per
def neighbour_sum(view: GraphView) -> SparseMatrix:
    """Make the matrix (N, N) of ``sum_j h_j`` over the edges (j, i) that ``view`` shows.

    As in PyG, duplicate edges count several times, and weights are ignored.
    """
    return _shown(view).matrix(view.graph.x.new_ones(view.graph.num_edges))  # (E,) values


@once_per
def neighbour_mean(view: GraphView) -> SparseMatrix:
    """Make the matrix (N, N) of the mean of h_j over these edges; 0 for a node without any."""
    pattern = _shown(view)
    degree = pattern.forward.crow.diff().clamp(min=1)  # (N,)
    share = 1 / degree.to(view.graph.x.dtype)  # (N,)
    return pattern.matrix(share.index_select(0, view.graph.edge_index[1]))  # (E,) values


def _shown(view: GraphView) -> BothWays:
    pattern = _pattern(view.graph)
    return pattern if view.edge_mask is None else pattern.only(view.edge_mask)


@once_per
def _pattern(graph: Graph) -> BothWays:
    source, target = graph.edge_index
    return BothWays.of(target, source, (graph.num_nodes, graph.num_nodes))
