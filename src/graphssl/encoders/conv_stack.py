"""A stack of message-passing layers: conv -> norm -> activation on every layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from graphssl.encoders import gcn_propagation
from graphssl.errors import ConfigError
from graphssl.graph import GraphView


class ConvStack(nn.Module):
    """``h_l = act(norm(conv(h_{l-1}, edges)))``, the last layer included, as BGRL's encoder.

    Args:
        in_channels: F.
        channels: width of every layer; the last one is D, the size of the representation.
        conv: makes one operator from (in_channels, out_channels); any PyG operator. One with
            ``heads`` whose outputs are concatenated gets ``width / heads`` channels a head.
        norm: makes one normalisation from its width.
        act: makes one activation.
        weight_standardization: standardise every row of a conv's weight matrices over its inputs
            (Qiao et al., arXiv 1903.10520), all layers but the first, as BGRL's arxiv encoder.

    Raises:
        ConfigError: no layer, a width below 1, or a width that the heads do not divide.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        conv: Callable[..., nn.Module],
        act: Callable[[], nn.Module],
        norm: Callable[[int], nn.Module] = nn.Identity,
        weight_standardization: bool = False,
    ) -> None:
        super().__init__()
        if not channels or min(channels) < 1:
            raise ConfigError(
                f"encoder.channels must name at least one layer, each at least 1 wide, "
                f"got {list(channels)}"
            )
        self.in_channels, self.out_channels = in_channels, channels[-1]
        widths = [in_channels, *channels]
        self.convs = nn.ModuleList(
            _make_conv(conv, *pair) for pair in zip(widths, channels, strict=False)
        )
        self.norms = nn.ModuleList(norm(width) for width in channels)
        self.acts = nn.ModuleList(act() for _ in channels)
        self.weight_standardization = weight_standardization
        self._takes_weight = "edge_weight" in inspect.signature(self.convs[0].forward).parameters
        self._standardize()

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """(N, F) -> (N, D)."""
        weight = (edge_weight,) if self._takes_weight else ()
        for conv, norm, act in self._layers():
            x = act(norm(conv(x, edge_index, *weight)))
        return x

    def encode_view(self, view: GraphView) -> Tensor:
        """The same as ``self(view.x, view.edge_index, view.edge_weight)``, through the masks.

        GCN uses the masks where they are; any other operator gets the edges removed.
        """
        if not self._uses_masks(view):
            return self.forward(view.x, view.edge_index, view.edge_weight)
        adjacency = gcn_propagation.normalized_adjacency(view)
        h: Tensor | None = None
        for conv, norm, act in self._layers():
            weight = conv.lin.weight
            h = gcn_propagation.first_product(view, weight) if h is None else h @ weight.t()
            h = adjacency @ h
            h = act(norm(h if conv.bias is None else h + conv.bias))
        assert h is not None
        return h

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        for conv, _, _ in self._layers():
            parametrized = _standardized_linears(conv)
            for linear in parametrized:
                parametrize.remove_parametrizations(linear, "weight", leave_parametrized=False)
            conv.reset_parameters()
            for linear in parametrized:
                parametrize.register_parametrization(linear, "weight", StandardizedRows())
        for module in [*self.norms, *self.acts]:
            for part in module.modules():
                if hasattr(part, "reset_parameters"):
                    part.reset_parameters()

    def _layers(self) -> Iterator[tuple[Any, Any, Any]]:
        return zip(self.convs, self.norms, self.acts, strict=True)

    def _standardize(self) -> None:
        if self.weight_standardization:
            for conv in list(self.convs)[1:]:
                for linear in _matrices(conv):
                    parametrize.register_parametrization(linear, "weight", StandardizedRows())

    def _uses_masks(self, view: GraphView) -> bool:
        return all(map(gcn_propagation.supports_conv, self.convs)) and (
            gcn_propagation.supports_graph(view.graph)
        )


class StandardizedRows(nn.Module):
    """``(w - mean(w)) / sqrt(var(w) + 1e-5)`` for every row (output) of a weight matrix."""

    def forward(self, weight: Tensor) -> Tensor:
        """(out, in) -> (out, in)."""
        var, mean = torch.var_mean(weight, dim=1, keepdim=True)
        return (weight - mean) / torch.sqrt(var + 1e-5)


def _make_conv(conv: Callable[..., nn.Module], in_channels: int, out_channels: int) -> nn.Module:
    options: dict[str, Any] = getattr(conv, "keywords", {})
    heads = options.get("heads", 1)
    if options.get("concat", True):
        if out_channels % heads != 0:
            raise ConfigError(
                f"encoder.channels: width {out_channels} is not divisible by "
                f"encoder.conv.heads={heads}"
            )
        out_channels //= heads
    return conv(in_channels, out_channels)


def _matrices(conv: nn.Module) -> list[nn.Module]:
    return [m for m in conv.modules() if getattr(getattr(m, "weight", None), "ndim", 0) == 2]


def _standardized_linears(conv: nn.Module) -> list[nn.Module]:
    return [m for m in conv.modules() if parametrize.is_parametrized(m, "weight")]
