"""Base class of objectives that compare the embeddings of two views by a single loss."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from graphssl.checks import whole_number
from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.encoding import encode_pair
from graphssl.errors import ConfigError
from graphssl.graph import GraphView


class Siamese(Objective):
    """``loss(z1, z2)`` with ``z = projector(encoder(view))``; the network is shared by both views.

    The loss is computed in at least float32. Without a projector, the embeddings are the
    representations.

    Args:
        encoder: the encoder, which is kept after training.
        projector: factory of the projector, called with in_channels (D) and out_channels, or None.
        projection_channels: width of the projector's output; None for D.

    Raises:
        ConfigError: ``projection_channels`` is below 1; in ``forward``: there is only one row.
    """

    static_forward = True

    def __init__(
        self,
        encoder: nn.Module,
        projector: Callable[..., nn.Module] | None = None,
        projection_channels: int | None = None,
    ) -> None:
        super().__init__()
        if projection_channels is not None:
            whole_number("objective.projection_channels", projection_channels, least=1)
        self.encoder = encoder
        if projector is not None:
            width: Any = encoder.out_channels
            self.projector = projector(in_channels=width, out_channels=projection_channels or width)

    @abstractmethod
    def loss(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Compute the loss of the embeddings of two views, each (R, D)."""

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss of one pair of views."""
        h1, h2 = encode_pair(self.encoder, view1, view2)
        require_rows(h1, type(self).__name__)
        projector = getattr(self, "projector", None)
        z = () if projector is None else (projector(h1), projector(h2))
        return StepOutput(in_full_precision(self.loss, *(z or (h1, h2))), (h1, h2), z)


def in_full_precision(loss: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """Compute ``loss(*tensors)`` in at least float32, without autocast.

    Example:
        >>> in_full_precision(torch.sum, torch.ones(2, dtype=torch.bfloat16))
        tensor(2.)
    """
    wide = [t.to(torch.promote_types(t.dtype, torch.float32)) for t in tensors]
    with torch.autocast(wide[0].device.type, enabled=False):
        return loss(*wide)


def require_rows(h: Tensor, name: str) -> None:
    """Check that ``h`` (R, D) has at least two rows to compare with each other.

    Raises:
        ConfigError: ``h`` has fewer rows; the message names the objective, ``name``.
    """
    if h.size(0) < 2:
        raise ConfigError(
            f"objective {name} compares rows with each other and needs at least two, got "
            f"{h.size(0)}; use a larger graph or batch"
        )


def standardized(z: Tensor) -> Tensor:
    """Subtract the mean of each column and divide by its (unbiased) standard deviation.

    Args:
        z: (R, D).

    Returns:
        (R, D); a constant column becomes 0. The variance is increased by 1e-12 to keep the
        gradient finite.

    Example:
        >>> standardized(torch.tensor([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])).T.tolist()
        [[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    variance, mean = torch.var_mean(z, dim=0)
    return (z - mean) / torch.sqrt(variance + 1e-12)
