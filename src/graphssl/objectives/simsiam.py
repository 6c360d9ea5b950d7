"""SimSiam on graphs: no negatives, no target network (Chen & He, arXiv 2011.10566)."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from graphssl.checks import whole_number
from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode_pair
from graphssl.graph import GraphView
from graphssl.objectives.bgrl import cosine_loss


class SimSiam(Objective):
    """Prediction of the other view's projection, through which no gradient flows.

    ``2 - mean_i cos(q1_i, z2_i) - mean_i cos(q2_i, z1_i)`` with ``z = projector(encoder(view))``
    and ``q = predictor(z)``: twice the paper's loss plus 2, which is the scale of BGRL's loss.

    Args:
        encoder: the encoder, which is kept after training.
        projector: factory of the projector, called with in_channels (D) and out_channels.
        predictor: factory of the predictor, called with in_channels and out_channels, both
            ``projection_channels``.
        projection_channels: width of the projector's output.

    Raises:
        ConfigError: ``projection_channels`` is below 1.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> from graphssl.encoders import MLPHead
        >>> SimSiam(GCNConv(2, 4), MLPHead, MLPHead, 8).predictor[-1].out_features
        8
    """

    static_forward = True

    def __init__(
        self,
        encoder: nn.Module,
        projector: Callable[..., nn.Module],
        predictor: Callable[..., nn.Module],
        projection_channels: int = 256,
    ) -> None:
        super().__init__()
        whole_number("objective.projection_channels", projection_channels, least=1)
        self.encoder = encoder
        width = projection_channels
        self.projector = projector(in_channels=encoder.out_channels, out_channels=width)
        self.predictor = predictor(in_channels=width, out_channels=width)

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss of one pair of views."""
        h1, h2 = encode_pair(self.encoder, view1, view2)
        z1, z2 = self.projector(h1), self.projector(h2)
        q1, q2 = self.predictor(z1), self.predictor(z2)
        return StepOutput(cosine_loss(q1, z2, q2, z1), (h1, h2), (q1, q2))
