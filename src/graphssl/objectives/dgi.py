"""DGI: deep graph infomax (Velickovic et al., arXiv 1809.10341)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode_pair
from graphssl.graph import GraphView
from graphssl.objectives.siamese import in_full_precision, require_rows


def dgi_loss(real: Tensor, corrupted: Tensor) -> Tensor:
    """Compute the binary cross-entropy of the critic's scores, averaged over both kinds of rows.

    ``(mean_i log(1 + e^{-real_i}) + mean_i log(1 + e^{corrupted_i})) / 2``

    Args:
        real: scores of the rows of the graph, (R,).
        corrupted: scores of the rows of the corrupted graph, (R,).

    Returns:
        Scalar; log 2 for a critic that cannot tell them apart.

    Example:
        >>> round(dgi_loss(torch.zeros(3), torch.zeros(3)).item(), 4)
        0.6931
    """
    return (softplus(-real).mean() + softplus(corrupted).mean()) / 2


def shuffled(view: GraphView) -> GraphView:
    """Permute the features of ``view`` among its nodes, using torch's global generator."""
    x = view.x
    return view.with_features(x[torch.rand(x.size(0), device=x.device).argsort()])


class DGI(Objective):
    """A critic that distinguishes rows of the graph from rows of a corrupted graph.

    ``score_i = h_i^T W s + b`` with the summary ``s = sigmoid(mean_i h_i)`` of the first view. The
    second view is corrupted by permuting its features among its nodes.

    Args:
        encoder: the encoder, which is kept after training.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> DGI(GCNConv(2, 4)).critic.weight.shape
        torch.Size([4, 4])
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        width: Any = encoder.out_channels
        self.encoder = encoder
        self.critic = nn.Linear(width, width, bias=False)
        nn.init.xavier_uniform_(self.critic.weight)  # as in the official code
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss of ``view1`` against ``view2`` after corruption."""
        h, corrupted = encode_pair(self.encoder, view1, shuffled(view2))
        require_rows(h, type(self).__name__)
        return StepOutput(in_full_precision(self._loss, h, corrupted), (h,))

    def _loss(self, h: Tensor, corrupted: Tensor) -> Tensor:
        direction = self.critic(torch.sigmoid(h.mean(dim=0)))  # (D,)
        return dgi_loss(h @ direction + self.bias, corrupted @ direction + self.bias)
