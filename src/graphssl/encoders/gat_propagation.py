"""GAT's attention on a masked view, without a message per edge and without copying the graph.

A dropped edge is a logit of minus infinity: the softmax leaves it out exactly. H heads on N nodes
are one head on N * H nodes, head h of node n being number ``n * H + h``. So one sparse pattern,
made once a graph, serves all heads, and a view only fills in values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch_geometric.nn import GATConv

from graphssl.augmentation.once_per_graph import once_per_graph
from graphssl.encoders.sparse import Pattern, multiply
from graphssl.graph import Graph, GraphView

# What the mathematics below takes for granted; any other value leaves a layer to PyG.
_KNOWN = {
    "dropout": 0, "edge_dim": None, "lin_src": None, "res": None, "aggr": "add",
    "flow": "source_to_target",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Plan:
    """What depends on the graph, the number of heads and the option of self-loops alone.

    Attributes:
        edge: (nnz,) the edge that each entry is; E stands for a self-loop that GAT adds.
        row: (nnz,) the target of each entry, ascending.
        pattern: row = target, entries in the order of ``row``; ``transposed``: row = source.
    """

    edge: Tensor
    row: Tensor
    pattern: Pattern
    transposed: Pattern


def supports_graph(graph: Graph) -> bool:
    """Whether ``graph`` is a constant, on the CPU, and no more than complete with its loops.

    Other devices keep PyG's own kernels; torch's sampled product takes no matrix with more entries
    than places, which duplicates could make.
    """
    x, entries = graph.x, graph.num_edges + graph.num_nodes
    return x.device.type == "cpu" and not x.requires_grad and entries <= graph.num_nodes**2


def supports_conv(conv: torch.nn.Module) -> bool:
    """Whether ``conv`` is a GAT layer whose mathematics is the one written here."""
    return type(conv) is GATConv and all(getattr(conv, k) == v for k, v in _KNOWN.items())


def propagation(view: GraphView) -> Callable[[GATConv, Tensor], Tensor]:
    """What a GAT layer does on ``view`` after its linear map: (conv, (N, H * C)) -> (N, out).

    As PyG's ``GATConv``: the graph's own self-loops give way to one a node where the layer adds
    them, and edge weights are not read.
    """

    def propagate(conv: GATConv, h: Tensor) -> Tensor:
        plan = _plan(view.graph, conv.heads, conv.add_self_loops)
        hidden = None
        if view.edge_mask is not None:
            hidden = torch.cat([~view.edge_mask, view.edge_mask.new_zeros(1)])
            hidden = hidden.index_select(0, plan.edge)
        # Under autocast h comes in as bfloat16.
        h = h.to(conv.att_src.dtype).view(-1, conv.heads, conv.out_channels)
        source, target = ((h * vector).sum(-1) for vector in (conv.att_src, conv.att_dst))
        out: Tensor = Attention.apply(
            h.flatten(0, 1), source.flatten(), target.flatten(), plan, hidden, conv.negative_slope
        )
        out = out.view_as(h)
        out = out.flatten(1) if conv.concat else out.mean(1)
        return out if conv.bias is None else out + conv.bias

    return propagate


class Attention(torch.autograd.Function):
    """``o_i = sum_j a_ij x_j``, ``a_ij = softmax_j(LeakyReLU(s_j + t_i))``, over the edges (j, i).

    x and o are (M, C), s and t are (M,). Velickovic et al., arXiv 1710.10903, equations 3 and 4.
    With G the gradient of o, that of x_j is ``sum_i a_ij G_i``, and that of the softmax's argument
    ``a_ij (<G_i, x_j> - <G_i, o_i>)``. Differentiable once.
    """

    @staticmethod
    def forward(  # noqa: D102
        ctx: Any, x: Tensor, s: Tensor, t: Tensor, plan: _Plan, hidden: Tensor | None, slope: float
    ) -> Tensor:
        offsets, row = plan.pattern.crow, plan.row
        z = s.index_select(0, plan.pattern.col) + t.index_select(0, row)
        a = torch.nn.functional.leaky_relu(z, slope)
        if hidden is not None:
            a.masked_fill_(hidden, -torch.inf)
        largest = torch.segment_reduce(a, "max", offsets=offsets, unsafe=True)
        largest.clamp_(min=torch.finfo(a.dtype).min)  # -inf where a node has no edge left
        a.sub_(largest.index_select(0, row)).exp_()
        total = torch.segment_reduce(a, "sum", offsets=offsets, unsafe=True) + 1e-16
        a.div_(total.index_select(0, row))
        out = multiply(plan.pattern.matrix(a), x)
        ctx.save_for_backward(x, z, a, out)
        ctx.plan, ctx.slope = plan, slope
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: D102
        x, z, a, out = ctx.saved_tensors
        plan: _Plan = ctx.plan
        grad = grad.contiguous()
        products = torch.sparse.sampled_addmm(plan.pattern.matrix(a), grad, x.t(), beta=0.0)
        grad_logit = products.values() - (grad * out).sum(1).index_select(0, plan.row)
        grad_z = torch.ops.aten.leaky_relu_backward(grad_logit.mul_(a), z, ctx.slope, False)
        zeros = z.new_zeros(x.size(0))
        return (
            multiply(plan.transposed.matrix(a), grad),
            zeros.index_add(0, plan.pattern.col, grad_z),
            zeros.index_add(0, plan.row, grad_z),
            *(None, None, None),
        )


@once_per_graph
def _plan(graph: Graph, heads: int, self_loops: bool) -> _Plan:
    source, target = graph.edge_index
    edge = torch.arange(graph.num_edges)
    if self_loops:
        edge = edge[source != target]
    nodes = torch.arange(graph.num_nodes if self_loops else 0)
    row, col = torch.cat([target[edge], nodes]), torch.cat([source[edge], nodes])
    row, col = ((n.unsqueeze(1) * heads + torch.arange(heads)).flatten() for n in (row, col))
    row, order = row.sort(stable=True)
    col = col[order]
    edge = torch.cat([edge, torch.full_like(nodes, graph.num_edges)])
    size = (graph.num_nodes * heads, graph.num_nodes * heads)
    return _Plan(
        edge=edge.repeat_interleave(heads)[order],
        row=row,
        pattern=Pattern.of(row, col, size),
        transposed=Pattern.of(col, row, size),
    )
