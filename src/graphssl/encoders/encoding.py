"""Call an encoder on views; all calls go through this module."""

from __future__ import annotations

import inspect
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from graphssl.errors import ConfigError
from graphssl.graph import GraphView


@runtime_checkable
class ViewEncoder(Protocol):
    """An encoder that uses the masks of a view directly where that is exact."""

    def encode_view(self, view: GraphView) -> Tensor:
        """Encode every node, (N, D), with the result of ``forward`` on the view's tensors."""
        ...

    def encode_pair(self, view1: GraphView, view2: GraphView) -> tuple[Tensor, Tensor]:
        """Encode two views, sharing common parts of the computation."""
        ...


def encode(encoder: nn.Module, view: GraphView) -> Tensor:
    """Compute the representation of every node of ``view``, (N, D); dropped edges are removed.

    An encoder whose ``forward`` has no ``edge_weight`` is called without it.

    Args:
        encoder: module with an attribute ``out_channels``, D.
        view: the view to encode.

    Raises:
        ConfigError: the encoder did not return a tensor (N, D) of the features' type.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.ones(3, 2), torch.tensor([[0, 1], [1, 2]])).view()
        >>> encode(GCNConv(2, 4), view).shape
        torch.Size([3, 4])
    """
    if isinstance(encoder, ViewEncoder):
        return _checked(encoder, encoder.encode_view(view), view)
    arguments = inspect.signature(encoder.forward).parameters.values()
    edge_weight = view.edge_weight
    if any(argument.name == "edge_weight" for argument in arguments):
        h = encoder(view.x, view.edge_index, edge_weight=edge_weight)
    elif edge_weight is not None and any(a.kind is a.VAR_POSITIONAL for a in arguments):
        h = encoder(view.x, view.edge_index, edge_weight)  # a wrapper such as torch.compile's
    else:
        h = encoder(view.x, view.edge_index)
    return _checked(encoder, h, view)


def encode_pair(encoder: nn.Module, view1: GraphView, view2: GraphView) -> tuple[Tensor, Tensor]:
    """Encode both views, the first one first.

    Args:
        encoder: module with an attribute ``out_channels``, D.
        view1: the first view.
        view2: the second view.

    Returns:
        Two tensors (N, D).

    Raises:
        ConfigError: as ``encode``.
    """
    if isinstance(encoder, ViewEncoder):
        h1, h2 = encoder.encode_pair(view1, view2)
        return _checked(encoder, h1, view1), _checked(encoder, h2, view2)
    return encode(encoder, view1), encode(encoder, view2)


def _checked(encoder: Any, h: Any, view: GraphView) -> Tensor:
    """Check shape and dtype of ``h``; return the rows of the graph's own nodes."""
    x = view.graph.x
    shape, dtypes = (view.num_nodes, encoder.out_channels), {x.dtype}
    if torch.is_autocast_enabled(x.device.type):
        dtypes.add(torch.get_autocast_dtype(x.device.type))
    if not isinstance(h, Tensor):
        found = type(h).__name__
    elif h.shape != shape or h.dtype not in dtypes:
        found = f"{tuple(h.shape)} {h.dtype}"
    else:
        return h if h.size(0) == x.size(0) else h[: x.size(0)]
    raise ConfigError(
        f"encoder {type(encoder).__name__} must return a tensor (nodes, out_channels) = {shape} "
        f"{x.dtype}, got {found}"
    )
