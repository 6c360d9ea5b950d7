"""AFGRL: augmentation-free self-supervised learning on graphs (Lee et al., arXiv 2112.02472)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from graphssl.checks import number, whole_number
from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode
from graphssl.graph import GraphView
from graphssl.objectives.positives import positive_pairs
from graphssl.objectives.siamese import in_full_precision, require_rows
from graphssl.objectives.target_network import ema_update
from graphssl.schedules import ema_momentum


def pairs_loss(q: Tensor, y: Tensor, pairs: Tensor) -> Tensor:
    """Compute ``mean_(i, j) (4 - 2 cos(q_i, y_j) - 2 cos(q_j, y_i))`` over positive pairs.

    Args:
        q: predictions, (R, D).
        y: targets, (R, D); gradients do not flow into targets.
        pairs: rows i and j of every pair, (2, P).

    Returns:
        Scalar in [0, 8].

    Example:
        >>> q = torch.eye(2)
        >>> pairs_loss(q, q, torch.tensor([[0, 1], [0, 1]]))
        tensor(0.)
    """
    q, y = normalize(q), normalize(y.detach())
    i, j = pairs
    return 4 - 2 * ((q[i] * y[j]).sum(1) + (q[j] * y[i]).sum(1)).mean()


class AFGRL(Objective):
    """BGRL without augmentation: rows that are alike take the place of the other view.

    Positives of a node are, among its ``topk`` nearest (cosine of online and target
    representation), those it shares an edge with and those in its cluster; see ``positive_pairs``.
    The online encoder sees the first view, the target the second; without augmentation both are the
    graph. Rows must be the nodes of the graph.

    Args:
        encoder: the online encoder, the one kept after training.
        predictor: makes the predictor from (in_channels, out_channels), both D.
        topk: how many nearest rows are candidates, itself included.
        clusters: number of clusters.
        clusterings: how many runs of k-means; a pair counts if one of them puts it together.
        iterations: of each k-means.
        ema: momentum of the target at the start; it rises to 1 on a cosine.

    Raises:
        ConfigError: ``ema`` is outside [0, 1], or a count is below 1.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> from graphssl.encoders import MLPHead
        >>> AFGRL(GCNConv(2, 4), MLPHead, topk=4).topk
        4
    """

    def __init__(
        self,
        encoder: nn.Module,
        predictor: Callable[..., nn.Module],
        topk: int = 4,
        clusters: int = 100,
        clusterings: int = 5,
        iterations: int = 20,
        ema: float = 0.9,
    ) -> None:
        super().__init__()
        number("objective.ema", ema, least=0, most=1)
        counts = (topk, clusters, clusterings, iterations)
        names = ("topk", "clusters", "clusterings", "iterations")
        for name, value in zip(names, counts, strict=True):
            whole_number(f"objective.{name}", value, least=1)
        self.encoder = encoder
        self.target_encoder = copy.deepcopy(encoder).requires_grad_(False)  # starts as the online
        width = encoder.out_channels
        self.predictor = predictor(in_channels=width, out_channels=width)
        self.ema, self.topk, self.clusters = ema, topk, clusters
        self.clusterings, self.iterations = clusterings, iterations

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss of the online network on ``view1`` against the target on ``view2``."""
        view1.require_own_nodes("objective AFGRL")
        h = encode(self.encoder, view1)
        require_rows(h, type(self).__name__)
        q = self.predictor(h)
        with torch.no_grad():
            y = encode(self.target_encoder, view2)
            pairs = positive_pairs(
                h.detach().float(), y.float(), view1.edge_index, self.topk, self.clusters,
                self.clusterings, self.iterations,
            )  # fmt: skip
        loss = in_full_precision(partial(pairs_loss, pairs=pairs), q, y)
        return StepOutput(loss, (h,), (q,))

    def after_step(self, step: int, total: int) -> None:
        """Move the target towards the online encoder."""
        ema_update(self.target_encoder, self.encoder, ema_momentum(step - 1, total, self.ema))
