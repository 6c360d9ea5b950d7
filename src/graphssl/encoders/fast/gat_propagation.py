"""GAT's attention on a masked view, one head at a time, without a message per edge.

The attention of a head is stored as the values of a sparse matrix, so that aggregation is a sparse
product and the gradient of the attention a sampled one. The edges are sorted once per graph; a view
filters them.

Shapes: N nodes, nnz edges that are attended over (loops included), H heads, C channels per head.
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

# Settings that the mathematics below assumes; layers with other values are left to PyG.
_KNOWN = {
    "dropout": 0, "edge_dim": None, "lin_src": None, "res": None, "aggr": "add",
    "flow": "source_to_target",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Entries:
    """The edges that a layer attends over, in ascending order of target.

    Attributes:
        row: target of each edge, (nnz,).
        pattern: (N, N), row = target, column = source.
        transposed: (N, N), row = source, column = target.
    """

    row: Tensor
    pattern: Pattern
    transposed: Pattern


def supports_graph(graph: Graph) -> bool:
    """Whether ``graph`` is constant, on the CPU, and has at most N^2 edges with its loops.

    Other devices keep PyG's own kernels; torch's sampled product accepts no matrix with more
    entries than places, which duplicates could cause.
    """
    x, entries = graph.x, graph.num_edges + graph.num_nodes
    return x.device.type == "cpu" and not x.requires_grad and entries <= graph.num_nodes**2


def supports_conv(conv: torch.nn.Module) -> bool:
    """Whether ``conv`` is a GAT layer whose mathematics is the one written here."""
    return type(conv) is GATConv and all(getattr(conv, k) == v for k, v in _KNOWN.items())


def linear_map(conv: GATConv) -> Tensor:
    """Return the weight of the layer's linear map, (out, in)."""
    weight: Tensor = conv.lin.weight
    return weight


def propagation(view: GraphView) -> Callable[[GATConv, Tensor], Tensor]:
    """Make the part of a GAT layer after its linear map: (conv, (N, H * C)) -> (N, out).

    As in PyG's ``GATConv``, the graph's own self-loops are replaced by one per node if the layer
    adds them, and edge weights are not read.
    """

    def propagate(conv: GATConv, h: Tensor) -> Tensor:
        edges = _entries(view, conv.add_self_loops)
        # Under autocast h comes in as bfloat16.
        h = h.to(conv.att_src.dtype).view(-1, conv.heads, conv.out_channels)  # (N, H, C)
        # The halves of a logit, a_src . h_j and a_dst . h_i, (N, H) each.
        source, target = ((h * vector).sum(-1) for vector in (conv.att_src, conv.att_dst))
        heads = zip(h.unbind(1), source.unbind(1), target.unbind(1), strict=True)
        # One head at a time: no (nnz, H, C) tensor of messages is ever made. out is (N, H, C).
        out = torch.stack([Attention.apply(*head, edges, conv.negative_slope) for head in heads], 1)
        out = out.flatten(1) if conv.concat else out.mean(1)  # (N, H * C) or (N, C)
        return out if conv.bias is None else out + conv.bias

    return propagate


class Attention(torch.autograd.Function):
    """One head: ``o_i = sum_j a_ij x_j``, ``a_ij = softmax_j(LeakyReLU(s_j + t_i))``, edges (j, i).

    x and o are (N, C), s and t are (N,). Velickovic et al., arXiv 1710.10903, equations 3 and 4.
    With G the gradient of o, that of x_j is ``sum_i a_ij G_i``, and that of the softmax's argument
    ``a_ij (<G_i, x_j> - <G_i, o_i>)``. Differentiable once.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, x: Tensor, s: Tensor, t: Tensor, entries: _Entries, slope: float
    ) -> Tensor:
        offsets, row = entries.pattern.crow, entries.row
        x = x.contiguous()
        z = s.index_select(0, entries.pattern.col) + t.index_select(0, row)  # (nnz,)
        a = torch.nn.functional.leaky_relu(z, slope)  # (nnz,)
        # Softmax over the entries of a row, less its largest logit so that exp cannot overflow.
        largest = torch.segment_reduce(a, "max", offsets=offsets, unsafe=True)  # (N,)
        a.sub_(largest.index_select(0, row)).exp_()
        total = torch.segment_reduce(a, "sum", offsets=offsets, unsafe=True)  # (N,)
        a.div_(total.index_select(0, row))
        out = multiply(entries.pattern.matrix(a), x)  # (N, N) @ (N, C)
        ctx.save_for_backward(x, z, a, out)
        ctx.entries, ctx.slope = entries, slope
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        x, z, a, out = ctx.saved_tensors
        entries: _Entries = ctx.entries
        grad = grad.contiguous()
        # <G_i, x_j> on the edges alone, (nnz,); the dense (N, N) product is never made.
        products = torch.sparse.sampled_addmm(entries.pattern.matrix(a), grad, x.t(), beta=0.0)
        # The softmax's gradient, (nnz,); sum_j a_ij <G_i, x_j> = <G_i, o_i>, so no pass over edges.
        grad_logit = products.values() - (grad * out).sum(1).index_select(0, entries.row)
        # The slope is chosen by the sign of z, the logit before the leaky ReLU.
        grad_z = torch.ops.aten.leaky_relu_backward(grad_logit.mul_(a), z, ctx.slope, False)
        zeros = z.new_zeros(x.size(0))  # (N,)
        return (
            multiply(entries.transposed.matrix(a), grad),  # (N, N) @ (N, C)
            zeros.index_add(0, entries.pattern.col, grad_z),
            zeros.index_add(0, entries.row, grad_z),
            *(None, None),
        )


# Once per view: all layers of the online and of the target encoder use it.
@once_per
def _entries(view: GraphView, self_loops: bool) -> _Entries:
    edge, row, col = _by_target(view.graph, self_loops)
    if view.edge_mask is not None:
        kept = torch.cat([view.edge_mask, view.edge_mask.new_ones(1)]).index_select(0, edge)
        kept = kept.nonzero().flatten()  # (nnz,)
        row, col = row.index_select(0, kept), col.index_select(0, kept)
    size = (view.graph.num_nodes, view.graph.num_nodes)
    return _Entries(row, Pattern.of_sorted(row, col, size), Pattern.of(col, row, size))


@once_per
def _by_target(graph: Graph, self_loops: bool) -> tuple[Tensor, Tensor, Tensor]:
    """List number, target and source of all edges by target; added self-loops have number E."""
    source, target = graph.edge_index
    edge = torch.arange(graph.num_edges)
    if self_loops:
        edge = edge[source != target]
    nodes = torch.arange(graph.num_nodes if self_loops else 0)
    row, order = torch.cat([target[edge], nodes]).sort(stable=True)
    col = torch.cat([source[edge], nodes])[order]
    return torch.cat([edge, torch.full_like(nodes, graph.num_edges)])[order], row, col
