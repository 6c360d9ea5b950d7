"""BGRL: bootstrapped graph representation learning (Thakoor et al., arXiv 2102.06514)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from graphssl.checks import number
from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode_pair
from graphssl.graph import GraphView
from graphssl.objectives.target_network import ema_update, target_of
from graphssl.schedules import ema_momentum


def cosine_loss(q1: Tensor, y2: Tensor, q2: Tensor, y1: Tensor) -> Tensor:
    """Compute ``2 - mean_i cos(q1_i, y2_i) - mean_i cos(q2_i, y1_i)``; lower is better.

    Args:
        q1: predictions from view 1, (N, D).
        y2: targets from view 2, (N, D); gradients do not flow into targets.
        q2: predictions from view 2, (N, D).
        y1: targets from view 1, (N, D).

    Returns:
        Scalar in [0, 4].

    Example:
        >>> q = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
        >>> cosine_loss(q, q, q, q), cosine_loss(q, -q, q, -q)
        (tensor(0.), tensor(4.))
    """
    return 2.0 - _mean_cosine(q1, y2.detach()) - _mean_cosine(q2, y1.detach())


def _mean_cosine(q: Tensor, y: Tensor) -> Tensor:
    # Same value as torch's cosine_similarity, in float32 at least. torch divides both vectors by
    # their lengths and differentiates the divisions; dividing the dot product halves the time.
    q, y = (v.to(torch.promote_types(v.dtype, torch.float32)) for v in (q, y))
    q_length, y_length = (torch.linalg.vector_norm(v, dim=-1).clamp_min(1e-8) for v in (q, y))
    mean: Tensor = ((q * y).sum(-1) / (q_length * y_length)).mean()
    return mean


class BGRL(Objective):
    """Online encoder and predictor against an EMA target encoder that sees the other view.

    The target runs in train mode (batch statistics), as in the official code (nerdslab/bgrl).

    Args:
        encoder: the online encoder, which is kept after training.
        predictor: factory of the predictor, called with in_channels and out_channels, both D.
        ema: initial momentum of the target; it rises to 1 on a cosine.

    Raises:
        ConfigError: ``ema`` is outside [0, 1].

    Example:
        >>> from functools import partial
        >>> from torch_geometric.nn import GCNConv
        >>> from graphssl.encoders import ConvStack, MLPHead
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.ones(3, 2), torch.tensor([[0, 1], [1, 2]])).view()
        >>> encoder = ConvStack(2, [4], GCNConv, nn.PReLU)
        >>> objective = BGRL(encoder, partial(MLPHead, hidden_channels=8))
        >>> objective(view, view).representations[0].shape
        torch.Size([3, 4])
    """

    static_forward = True

    def __init__(
        self, encoder: nn.Module, predictor: Callable[..., nn.Module], ema: float = 0.99
    ) -> None:
        super().__init__()
        number("objective.ema", ema, least=0, most=1)
        self.encoder = encoder
        self.target_encoder = target_of(encoder)
        channels = encoder.out_channels
        self.predictor = predictor(in_channels=channels, out_channels=channels)
        self.ema = ema

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss of one pair of views."""
        h1, h2 = encode_pair(self.encoder, view1, view2)
        q1, q2 = self.predictor(h1), self.predictor(h2)
        with torch.no_grad():
            y1, y2 = encode_pair(self.target_encoder, view1, view2)
        return StepOutput(cosine_loss(q1, y2, q2, y1), (h1, h2), (q1, q2))

    def after_step(self, step: int, total: int) -> None:
        """Move the target towards the online encoder."""
        momentum = ema_momentum(step - 1, total, self.ema)
        ema_update(self.target_encoder, self.encoder, momentum)
