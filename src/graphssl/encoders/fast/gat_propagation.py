"""GAT's attention on a masked view, one head at a time, without a message per edge.

The attention of a head is stored as the values of a sparse matrix, so that aggregation is a sparse
product and the gradient of the attention a sampled one. The edges are sorted once per graph; a view
filters them.

Shapes: N nodes, E edges, nnz edges to attend over (those kept, loops included), H heads, C channels
per head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch_geometric.nn import GATConv

from graphssl.encoders.fast.sparse import Pattern, multiply
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per

# Settings that the formulas below assume; layers with other values are left to PyG.
_KNOWN = {
    "dropout": 0, "edge_dim": None, "lin_src": None, "res": None, "aggr": "add",
    "flow": "source_to_target",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Entries:
    """The edges over which a layer attends, in ascending order of target.

    Attributes:
        row: target of each edge, (nnz,).
        pattern: (N, N), row = target, column = source.
        transposed: (N, N), row = source, column = target.
    """

    row: Tensor
    pattern: Pattern
    transposed: Pattern


def supports_graph(graph: Graph) -> bool:
    """Return whether ``graph`` is constant, on the CPU, and has at most N^2 edges and loops.

    Other devices use PyG's own kernels; torch's sampled product accepts no matrix with more entries
    than positions, which duplicate edges could cause.
    """
    x, entries = graph.x, graph.num_edges + graph.num_nodes
    return x.device.type == "cpu" and not x.requires_grad and entries <= graph.num_nodes**2


def supports_conv(conv: torch.nn.Module) -> bool:
    """Return whether ``conv`` is a GAT layer that the formulas below describe."""
    return type(conv) is GATConv and all(getattr(conv, k) == v for k, v in _KNOWN.items())


def linear_map(conv: GATConv) -> Tensor:
    """Return the weight of the layer's linear map, (out, in)."""
    weight: Tensor = conv.lin.weight
    return weight


def propagation(view: GraphView) -> Callable[[GATConv, Tensor], Tensor]:
    """Make the part of a GAT layer after its linear map: (conv, (N, H * C)) -> (N, out).

    As in PyG's ``GATConv``, the graph's self-loops are replaced by one per node if the layer adds
    them, and edge weights are ignored.
    """

    def propagate(conv: GATConv, h: Tensor) -> Tensor:
        edges = _entries(view, conv.add_self_loops)
        # Under autocast h is bfloat16.
        h = h.to(conv.att_src.dtype).view(-1, conv.heads, conv.out_channels)  # (N, H, C)
        # The two terms of a logit, a_src . h_j and a_dst . h_i, (N, H) each.
        source, target = ((h * vector).sum(-1) for vector in (conv.att_src, conv.att_dst))
        # Per head (N, C), (N,) and (N,).
        heads = zip(h.unbind(1), source.unbind(1), target.unbind(1), strict=True)
        # One head at a time: no (nnz, H, C) tensor of messages is ever made. out is (N, H, C).
        out = torch.stack([Attention.apply(*head, edges, conv.negative_slope) for head in heads], 1)
        out = out.flatten(1) if conv.concat else out.mean(1)  # (N, H * C) or (N, C)
        return out if conv.bias is None else out + conv.bias

    return propagate


class Attention(torch.autograd.Function):
    """One head: ``o_i = sum_j a_ij x_j``, ``a_ij = softmax_j(LeakyReLU(s_j + t_i))``, edges (j, i).

    x and o are (N, C), s and t are (N,). Velickovic et al., arXiv 1710.10903, equations 3 and 4.
    If G is the gradient of o, that of x_j is ``sum_i a_ij G_i``, and that of the softmax's argument
    is ``a_ij (<G_i, x_j> - <G_i, o_i>)``. Differentiable once.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, x: Tensor, s: Tensor, t: Tensor, entries: _Entries, slope: float
    ) -> Tensor:
        offsets, row = entries.pattern.crow, entries.row  # (N + 1,), (nnz,)
        x = x.contiguous()  # (N, C)
        z = s.index_select(0, entries.pattern.col) + t.index_select(0, row)  # (nnz,)
        a = torch.nn.functional.leaky_relu(z, slope)  # (nnz,)
        # Softmax over the entries of a row; subtracting the largest keeps exp from overflowing.
        largest = torch.segment_reduce(a, "max", offsets=offsets, unsafe=True)  # (N,)
        a.sub_(largest.index_select(0, row)).exp_()  # (nnz,), in place
        total = torch.segment_reduce(a, "sum", offsets=offsets, unsafe=True)  # (N,)
        a.div_(total.index_select(0, row))  # (nnz,), sums to 1 per target
        out = multiply(entries.pattern.matrix(a), x)  # (N, N) @ (N, C)
        ctx.save_for_backward(x, z, a, out)
        ctx.entries, ctx.slope = entries, slope
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        x, z, a, out = ctx.saved_tensors  # (N, C), (nnz,), (nnz,), (N, C)
        entries: _Entries = ctx.entries
        grad = grad.contiguous()  # G, (N, C)
        # <G_i, x_j> on the edges only, (nnz,); the dense (N, N) product is never made.
        products = torch.sparse.sampled_addmm(entries.pattern.matrix(a), grad, x.t(), beta=0.0)
        # (nnz,), without a: sum_j a_ij <G_i, x_j> = <G_i, o_i>, which saves a pass over edges.
        grad_logit = products.values() - (grad * out).sum(1).index_select(0, entries.row)
        # The slope depends on the sign of z, the logit before the leaky ReLU.
        grad_z = torch.ops.aten.leaky_relu_backward(grad_logit.mul_(a), z, ctx.slope, False)
        zeros = z.new_zeros(x.size(0))  # (N,)
        return (
            multiply(entries.transposed.matrix(a), grad),  # of x: (N, N) @ (N, C)
            zeros.index_add(0, entries.pattern.col, grad_z),  # of s: (N,), summed over targets
            zeros.index_add(0, entries.row, grad_z),  # of t: (N,), summed over sources
            *(None, None),
        )


# Once per view: all layers of the online and of the target encoder use it.
@once_per
def _entries(view: GraphView, self_loops: bool) -> _Entries:
    edge, row, col = _by_target(view.graph, self_loops)  # (E' + N,) each with loops, else (E,)
    if view.edge_mask is not None:
        # An entry True at position E, which stands for the added loops: they are always kept.
        kept = torch.cat([view.edge_mask, view.edge_mask.new_ones(1)]).index_select(0, edge)
        kept = kept.nonzero().flatten()  # (nnz,)
        row, col = row.index_select(0, kept), col.index_select(0, kept)  # (nnz,) each
    size = (view.graph.num_nodes, view.graph.num_nodes)
    return _Entries(row, Pattern.of_sorted(row, col, size), Pattern.of(col, row, size))


@once_per
def _by_target(graph: Graph, self_loops: bool) -> tuple[Tensor, Tensor, Tensor]:
    """List id, target and source of all edges, sorted by target; added self-loops have id E."""
    source, target = graph.edge_index  # (E,) each
    edge = torch.arange(graph.num_edges)
    if self_loops:
        edge = edge[source != target]  # (E',): the graph's own loops are replaced
    nodes = torch.arange(graph.num_nodes if self_loops else 0)  # (N,) or (0,)
    row, order = torch.cat([target[edge], nodes]).sort(stable=True)  # (E' + N,) each
    col = torch.cat([source[edge], nodes])[order]  # (E' + N,)
    return torch.cat([edge, torch.full_like(nodes, graph.num_edges)])[order], row, col
