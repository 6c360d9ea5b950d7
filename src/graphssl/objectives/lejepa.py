"""LeJEPA: invariance and SIGReg, without heuristics (Balestriero & LeCun, arXiv 2511.08544)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from graphssl.checks import number, whole_number
from graphssl.objectives.siamese import Siamese


def sigreg(z: Tensor, directions: Tensor, knots: int = 17, largest: float = 3.0) -> Tensor:
    """Compute the mean Epps-Pulley statistic of ``Z a`` over the columns a of ``directions``.

    ``R integral |phi(t) - e^{-t^2 / 2}|^2 e^{-t^2 / 2} dt`` compares the characteristic function
    ``phi(t) = mean_i e^{i t (Z a)_i}`` of a projection with that of N(0, 1). The integral from
    ``-largest`` to ``largest`` is twice its positive half, computed by the trapezoidal rule.

    Args:
        z: (R, D).
        directions: unit vectors, (D, K).
        knots: number of points on the positive half.
        largest: upper limit of the integral.

    Returns:
        Scalar, at least 0; 1.06 on average for rows drawn from N(0, I), whatever R.

    Example:
        >>> directions = torch.tensor([[1.0]])
        >>> round(sigreg(torch.zeros(10, 1), directions).item(), 2)  # 10 rows at one point
        4.02
    """
    t = torch.linspace(0, largest, knots, dtype=z.dtype, device=z.device)  # (T,)
    normal = torch.exp(-t.square() / 2)
    step = 2 * largest / (knots - 1)
    weight = step * normal  # of each knot
    weight = torch.cat([weight[:1] / 2, weight[1:-1], weight[-1:] / 2])
    angles = (z @ directions).unsqueeze(-1) * t  # (R, K, T)
    apart = (angles.cos().mean(0) - normal).square() + angles.sin().mean(0).square()  # (K, T)
    return z.size(0) * (apart @ weight).mean()


class LeJEPA(Siamese):
    """``(1 - lambda) invariance + lambda SIGReg`` of projected representations.

    The invariance is the mean squared distance from the mean of both views; SIGReg is the mean of
    ``sigreg`` over the views. Its directions are drawn in every step from torch's global generator.

    Args:
        encoder: the encoder, which is kept after training.
        projector: factory of the projector, called with in_channels (D) and out_channels, or None.
        projection_channels: width of the projector's output; None for D.
        trade_off: lambda.
        directions: K, the number of directions.
        knots: number of points of the integral.

    Raises:
        ConfigError: ``trade_off`` is outside [0, 1], ``directions`` below 1 or ``knots`` below 2.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> LeJEPA(GCNConv(2, 4), trade_off=0.05).directions
        256
    """

    def __init__(
        self,
        encoder: nn.Module,
        projector: Callable[..., nn.Module] | None = None,
        projection_channels: int | None = None,
        trade_off: float = 0.02,
        directions: int = 256,
        knots: int = 17,
    ) -> None:
        super().__init__(encoder, projector, projection_channels)
        number("objective.trade_off", trade_off, least=0, most=1)
        whole_number("objective.directions", directions, least=1)
        whole_number("objective.knots", knots, least=2)
        self.trade_off, self.directions, self.knots = trade_off, directions, knots

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Compute the loss of two views along new directions."""
        invariance = (z1 - z2).square().mean() / 4
        drawn = torch.randn(z1.size(1), self.directions, dtype=z1.dtype, device=z1.device)
        drawn = nn.functional.normalize(drawn, dim=0)
        gaussian = (sigreg(z1, drawn, self.knots) + sigreg(z2, drawn, self.knots)) / 2
        return (1 - self.trade_off) * invariance + self.trade_off * gaussian
