"""GRACE: deep graph contrastive representation learning (Zhu et al., arXiv 2006.04131)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.utils.checkpoint import checkpoint

from graphssl.checks import number, whole_number
from graphssl.objectives.siamese import Siamese


def info_nce_loss(z1: Tensor, z2: Tensor, tau: float = 0.5, block: int = 4096) -> Tensor:
    """Compute GRACE's loss exactly, averaged over all rows and both views.

    ``l(u_i) = -cos(u_i, v_i) / tau + log(sum_j e^{cos(u_i, v_j) / tau} + sum_{j != i}
    e^{cos(u_i, u_j) / tau})``: the positive of a row is the same row of the other view, and its
    negatives are all other rows of both views. The loss is ``sum_i (l(u_i) + l(v_i)) / 2R``.

    Args:
        z1: embeddings of view 1, (R, D).
        z2: embeddings of view 2, (R, D).
        tau: temperature.
        block: at most ``block * block`` similarities are held at a time. If there are more, they
            are computed in slices of rows, and again for the gradient, so that memory grows with R
            and not with R^2.

    Returns:
        Scalar.

    Example:
        >>> z = torch.eye(2)
        >>> round(info_nce_loss(z, z, tau=1.0).item(), 4)  # log(e + 1 + 1) - 1
        0.5514
    """
    u, v = normalize(z1), normalize(z2)
    rows = max(1, block * block // u.size(0))
    slices = partial(_slices, tau=tau, rows=rows)
    return (slices(u, v) + slices(v, u)) / (2 * u.size(0))


def _slices(u: Tensor, v: Tensor, tau: float, rows: int) -> Tensor:
    """Sum ``l(u_i)`` over all rows, ``rows`` at a time."""
    total = u.size(0)
    if rows >= total:
        return _of_rows(u, v, 0, total, tau)
    parts = [
        checkpoint(
            _of_rows, u, v, first, min(first + rows, total), tau,
            use_reentrant=False, preserve_rng_state=False,
        )
        for first in range(0, total, rows)
    ]  # fmt: skip
    return torch.stack(parts).sum()


def _of_rows(u: Tensor, v: Tensor, first: int, last: int, tau: float) -> Tensor:
    own = u[first:last] / tau  # (B, D)
    across, within = own @ v.T, own @ u.T  # (B, R)
    positive = across.diagonal(offset=first)  # (B,)
    within.diagonal(offset=first).fill_(-torch.inf)  # exclude the row itself
    all_others = torch.logaddexp(across.logsumexp(dim=1), within.logsumexp(dim=1))
    return (all_others - positive).sum()


class GRACE(Siamese):
    """Contrastive loss of projected representations with all other rows as negatives.

    Args:
        encoder: the encoder, which is kept after training.
        projector: factory of the projector, called with in_channels (D) and out_channels.
        tau: temperature.
        projection_channels: width of the projector's output; None for D, as in GRACE.
        block: see ``info_nce_loss``.

    Raises:
        ConfigError: ``tau`` is not above 0, or ``block`` is below 1.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> from graphssl.encoders import MLPHead
        >>> GRACE(GCNConv(2, 4), MLPHead, tau=0.4).projector[-1].out_features
        4
    """

    def __init__(
        self,
        encoder: nn.Module,
        projector: Callable[..., nn.Module],
        tau: float = 0.5,
        projection_channels: int | None = None,
        block: int = 4096,
    ) -> None:
        super().__init__(encoder, projector, projection_channels)
        number("objective.tau", tau, above=0)
        whole_number("objective.block", block, least=1)
        self.tau, self.block = tau, block

    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Compute ``info_nce_loss`` for two views."""
        return info_nce_loss(z1, z2, self.tau, self.block)
