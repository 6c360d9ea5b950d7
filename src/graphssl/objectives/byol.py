"""BYOL on graphs (Grill et al., arXiv 2006.07733): BGRL with a projector before the predictor."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from graphssl.checks import number, whole_number
from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode_pair
from graphssl.graph import GraphView
from graphssl.objectives.bgrl import cosine_loss
from graphssl.objectives.target_network import ema_update, target_of
from graphssl.schedules import ema_momentum


class BYOL(Objective):
    """Online encoder, projector and predictor against EMA copies of encoder and projector.

    Here the representation (encoder output) differs from the embedding (predictor output).

    Args:
        encoder: the online encoder, which is kept after training.
        projector: factory of the projector, called with in_channels (D) and out_channels.
        predictor: factory of the predictor, called with in_channels and out_channels, both
            ``projection_channels``.
        projection_channels: width of the projector's output.
        ema: initial momentum of the targets; it rises to 1 on a cosine.

    Raises:
        ConfigError: ``ema`` is outside [0, 1], or ``projection_channels`` is below 1.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> from graphssl.encoders import ConvStack, MLPHead
        >>> objective = BYOL(
        ...     ConvStack(2, [4], GCNConv, nn.PReLU), MLPHead, MLPHead, projection_channels=3
        ... )
        >>> objective.projector[-1].out_features
        3
    """

    static_forward = True

    def __init__(
        self,
        encoder: nn.Module,
        projector: Callable[..., nn.Module],
        predictor: Callable[..., nn.Module],
        projection_channels: int = 256,
        ema: float = 0.99,
    ) -> None:
        super().__init__()
        number("objective.ema", ema, least=0, most=1)
        whole_number("objective.projection_channels", projection_channels, least=1)
        self.encoder = encoder
        self.projector = projector(
            in_channels=encoder.out_channels, out_channels=projection_channels
        )
        self.target_encoder = target_of(self.encoder)
        self.target_projector = target_of(self.projector)
        self.predictor = predictor(
            in_channels=projection_channels, out_channels=projection_channels
        )
        self.ema = ema

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss of one pair of views."""
        h1, h2 = encode_pair(self.encoder, view1, view2)
        q1, q2 = self.predictor(self.projector(h1)), self.predictor(self.projector(h2))
        with torch.no_grad():
            h1_target, h2_target = encode_pair(self.target_encoder, view1, view2)
            y1, y2 = self.target_projector(h1_target), self.target_projector(h2_target)
        return StepOutput(cosine_loss(q1, y2, q2, y1), (h1, h2), (q1, q2))

    def after_step(self, step: int, total: int) -> None:
        """Move the targets towards the online encoder and projector."""
        momentum = ema_momentum(step - 1, total, self.ema)
        ema_update(self.target_encoder, self.encoder, momentum)
        ema_update(self.target_projector, self.projector, momentum)
