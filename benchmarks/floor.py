"""The arithmetic floor of a GCN step: the least time for its products and its memory traffic.

``floor = flops / rate of a dense product + bytes / bandwidth``, with both rates measured in the
same run; that of the product is the better one of torch's default and oneDNN
(``training/matmul.py``).

Flops of one BGRL step (N nodes, E edges, D_0 = F, D_l the layers' widths, P the predictor's, nnz
the nonzeros of X, or N F if it is used dense; p_1 and p_2 are the probabilities of hiding a feature
in either view):

- first product: ``2 nnz (1 - p_1 p_2) D_1`` for both views together, since a feature that both
  show is multiplied once; three times (online, target, gradient in W; X has none);

and for each view

- products of later layers: ``2 N D_{l-1} D_l``, four times (online, target, two gradients);
- propagation: ``2 (E_kept + N) D_l``, three times (online, its gradient, target);
- predictor: ``4 N D_L P``, three times (forward, two gradients).

Bytes, float32, counting each pass over a tensor once and nothing for gathering in a product:

- X: ``4 N F (1 - p_1 p_2)``, or 12 instead of 4 per nonzero if it is sparse (value and int64
  column), three times;
- propagation matrix: ``12 (E_kept + N)``, three times per layer;
- (N, D_l) of every layer: 26 passes (online forward 8: product 1, propagation 2, normalisation 3,
  activation 2; target forward 8; backward 10: activation 3, normalisation 5, propagation 2);
- (N, P) of the predictor: 7 passes (product 1, activation 2, second product 1; backward 3).

Random masks, optimizer, EMA and loss are left out. For a graph that fits into the cache, memory is
faster than the measured bandwidth, so the floor is then a little too high.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import prod

import torch

from benchmarks.graphs import Setting
from benchmarks.measure import interleaved
from graphssl.encoders.fast.first_product import SPARSE_DENSITY
from graphssl.training.matmul import is_exact, matmul_precision


def measured_rates(rounds: int = 7) -> tuple[float, float]:
    """Measure flops per second of (8192, 768) x (768, 256), and bytes per second of a = b + 2 c."""
    left, right = torch.rand(8192, 768), torch.rand(768, 256)
    product = torch.empty(8192, 256)
    a, b, c = (torch.rand(2**25) for _ in range(3))

    def multiply(precision: str) -> None:
        with matmul_precision(precision):
            torch.mm(left, right, out=product)

    default_s, onednn_s, triad_s = interleaved(
        [
            partial(multiply, "highest"),
            partial(multiply, "medium" if is_exact() else "highest"),
            lambda: torch.add(b, c, alpha=2, out=a),
        ],
        rounds,
        warmup=2,
    )
    return 2 * 8192 * 768 * 256 / min(default_s, onednn_s), 3 * 4 * 2**25 / triad_s


def step_floor(on: Setting, flops_rate: float, bandwidth: float) -> float:
    """Compute the floor in seconds."""
    flops, traffic = step_work(on)
    return flops / flops_rate + traffic / bandwidth


def step_work(on: Setting) -> tuple[float, float]:
    """Count flops and bytes of one step, as the module's docstring describes."""
    graph, recipe = on.data.graph, on.config.recipe
    nodes, widths, hidden = graph.num_nodes, list(recipe.channels), recipe.predictor_channels
    nnz, bytes_each = float(graph.x.numel()), 4.0
    if (set_entries := graph.x.count_nonzero().item()) <= SPARSE_DENSITY * graph.x.numel():
        nnz, bytes_each = float(set_entries), 12.0
    shown = nnz * (1 - prod(recipe.drop_feature))
    flops, traffic = 3 * 2 * shown * widths[0], 3 * bytes_each * shown
    for dropped in recipe.drop_edge:
        entries = (1 - dropped) * graph.num_edges + nodes
        flops += 4 * sum(2 * nodes * a * b for a, b in pairwise(widths))
        flops += 3 * sum(2 * entries * width for width in widths)
        flops += 3 * 4 * nodes * widths[-1] * hidden
        traffic += 3 * 12 * entries * len(widths)
        traffic += 26 * 4 * nodes * sum(widths) + 7 * 4 * nodes * hidden
    return flops, traffic
