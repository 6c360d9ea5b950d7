"""GraphMAE: masked graph autoencoders (Hou et al., arXiv 2205.10803)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from graphssl.checks import number
from graphssl.contracts import Objective, StepOutput
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.encoding import encode
from graphssl.errors import ConfigError
from graphssl.graph import GraphView
from graphssl.objectives.siamese import in_full_precision


def scaled_cosine_error(found: Tensor, target: Tensor, gamma: float = 3.0) -> Tensor:
    """Compute ``mean_i (1 - cos(found_i, target_i))^gamma``; rows that are nearly right count less.

    Args:
        found: reconstructed features, (M, F).
        target: features, (M, F).
        gamma: exponent, at least 1.

    Returns:
        Scalar in [0, 2^gamma].

    Example:
        >>> scaled_cosine_error(torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0]]), gamma=3.0)
        tensor(0.5000)
    """
    cosine = torch.cosine_similarity(found, target, dim=1)
    return (1 - cosine).clamp_min(0).pow(gamma).mean()


class GraphMAE(Objective):
    """Reconstruct the features of masked nodes from the representations of all others.

    ``mask_rate`` of the nodes are masked: their features become a learned token, or for
    ``replace_rate`` of them those of another node. Their representations are set to 0 again before
    the decoder, one layer of message passing. The first view is used only. In eval mode nothing is
    masked, so that representations are those of the view.

    Args:
        encoder: the encoder, the one kept after training.
        in_channels: F.
        conv: factory of the decoder's operator, called with (D, F); any PyG operator.
        mask_rate: share of the nodes that are masked.
        replace_rate: share of these that get the features of another node.
        gamma: exponent of ``scaled_cosine_error``.
        dropout: dropout probability of the decoder's input.

    Raises:
        ConfigError: a share is outside its range, or ``gamma`` is below 1; in ``forward``: the
            graph is too small for a node to be masked and one to be left.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> GraphMAE(GCNConv(5, 4), in_channels=5, conv=GCNConv).decoder.convs[0]
        GCNConv(4, 5)
    """

    def __init__(
        self,
        encoder: nn.Module,
        in_channels: int,
        conv: Callable[..., nn.Module],
        mask_rate: float = 0.5,
        replace_rate: float = 0.05,
        gamma: float = 3.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        number("objective.mask_rate", mask_rate, above=0, below=1)
        number("objective.replace_rate", replace_rate, least=0, below=1)
        number("objective.gamma", gamma, least=1)
        width: Any = encoder.out_channels
        self.encoder = encoder
        self.token = nn.Parameter(torch.zeros(in_channels))
        self.bridge = nn.Linear(width, width, bias=False)
        self.decoder = ConvStack(width, [in_channels], conv, nn.Identity, dropout=dropout)
        self.mask_rate, self.replace_rate, self.gamma = mask_rate, replace_rate, gamma

    def forward(self, view1: GraphView, view2: GraphView) -> StepOutput:
        """Compute the loss on the masked nodes of ``view1``; ``view2`` is not used."""
        view1.require_own_nodes("objective GraphMAE")
        x = view1.x
        order = torch.rand(x.size(0), device=x.device).argsort()
        masked = order[: int(self.mask_rate * x.size(0))]  # (M,)
        if not 0 < masked.size(0) < x.size(0):
            raise ConfigError(
                f"objective.mask_rate={self.mask_rate} of {x.size(0)} nodes is {masked.size(0)}: "
                "some must be masked and some left"
            )
        hidden = view1.with_features(self.hide(x, masked)) if self.training else view1
        h = encode(self.encoder, hidden)
        kept = torch.ones_like(x[:, :1]).index_fill(0, masked, 0)  # (N, 1)
        found = self.decoder(self.bridge(h) * kept, view1.edge_index, view1.edge_weight)
        error = partial(scaled_cosine_error, gamma=self.gamma)
        loss = in_full_precision(error, found[masked], x[masked])
        return StepOutput(loss, (h,))

    def hide(self, x: Tensor, masked: Tensor) -> Tensor:
        """Replace the features (N, F) of the nodes ``masked`` (M,), drawn in random order."""
        replaced = masked[: int(self.replace_rate * masked.size(0))]
        others = torch.rand(x.size(0), device=x.device).argsort()[: replaced.size(0)]
        tokens = self.token.to(x.dtype).expand(masked.size(0), -1)
        return x.index_copy(0, masked, tokens).index_copy(0, replaced, x[others])
