"""A stack of message-passing layers: dropout -> conv -> norm -> activation on every layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from graphssl.encoders.fast import gat_propagation, gcn_propagation
from graphssl.encoders.fast.first_product import first_product, first_products
from graphssl.encoders.fast.node_order import renumbered
from graphssl.errors import ConfigError
from graphssl.graph import Graph, GraphView


class ConvStack(nn.Module):
    """``h_l = act(norm(conv(drop(h_{l-1}), edges)))``, the last layer included, as BGRL's encoder.

    Args:
        in_channels: F.
        channels: width of every layer; the last one is D, the size of the representation.
        conv: makes one operator from (in_channels, out_channels); any PyG operator. One with
            ``heads`` whose outputs are concatenated gets ``width / heads`` channels a head.
        norm: makes one normalisation from its width.
        act: makes one activation.
        weight_standardization: use every row of a conv's weight matrices standardised over its
            inputs (Qiao et al., arXiv 1903.10520), in all layers but the first, as BGRL's arxiv
            encoder. The parameters, and so a penalty on them, stay what they are.
        dropout: in training, set each entry of a layer's input (features and hidden layers) to 0
            with this probability and scale the others up, as Kipf & Welling (arXiv 1609.02907).
            Drawn from torch's global stream.

    Raises:
        ConfigError: no layer, a width below 1, a width that the heads do not divide, or ``dropout``
            outside [0, 1).
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        conv: Callable[..., nn.Module],
        act: Callable[[], nn.Module],
        norm: Callable[[int], nn.Module] = nn.Identity,
        weight_standardization: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0.0 <= dropout < 1.0:
            raise ConfigError(f"encoder.dropout must lie in [0, 1), got {dropout}")
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
        self.weight_standardization, self.dropout = weight_standardization, dropout
        self._takes_weight = "edge_weight" in inspect.signature(self.convs[0].forward).parameters

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """(N, F) -> (N, D)."""
        edges = (edge_index, edge_weight) if self._takes_weight else (edge_index,)
        for layer, (conv, norm, act) in enumerate(self._layers()):
            x = nn.functional.dropout(x, self.dropout, self.training)
            if self.weight_standardization and layer > 0:
                x = functional_call(conv, _standardized(conv), (x, *edges))
            else:
                x = conv(x, *edges)
            x = act(norm(x))
        return x

    def encode_view(self, view: GraphView) -> Tensor:
        """The same as ``self(view.x, view.edge_index, view.edge_weight)``, through the masks.

        GCN and GAT use the masks where they are; any other operator gets the edges removed, and so
        do they in training with dropout, which leaves no part of the first product to share.
        """
        fast = self._fast_path(view.graph)
        if fast is None:
            return self.forward(view.x, view.edge_index, view.edge_weight)
        view, number = renumbered(view)
        h = self._after_first(first_product(view, self._first_weight), fast, view)
        return _in_graph_order(h, number)

    def encode_pair(self, view1: GraphView, view2: GraphView) -> tuple[Tensor, Tensor]:
        """``encode_view`` of both; of one graph, their first products have a common part."""
        fast = self._fast_path(view1.graph)
        if fast is None or view1.graph is not view2.graph:
            return self.encode_view(view1), self.encode_view(view2)
        (view1, number), (view2, _) = renumbered(view1), renumbered(view2)
        firsts = [*first_products(view1, view2, self._first_weight)]
        # Popped, so that the first one's memory is free before the second one is worked on.
        h1 = _in_graph_order(self._after_first(firsts.pop(0), fast, view1), number)
        return h1, _in_graph_order(self._after_first(firsts.pop(), fast, view2), number)

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        for conv in self.convs:
            conv.reset_parameters()  # type: ignore[operator]
        for module in [*self.norms, *self.acts]:
            for part in module.modules():
                if hasattr(part, "reset_parameters"):
                    part.reset_parameters()

    @property
    def _first_weight(self) -> Tensor:
        first: Any = self.convs[0]
        weight: Tensor = first.lin.weight
        return weight

    def _after_first(self, h: Tensor, fast: Any, view: GraphView) -> Tensor:
        """All layers but for the first linear map, whose result is ``h``."""
        propagate = fast.propagation(view)
        for layer, (conv, norm, act) in enumerate(self._layers()):
            if layer > 0:
                weight = conv.lin.weight
                h = h @ (standardized_rows(weight) if self.weight_standardization else weight).t()
            h = act(norm(propagate(conv, h)))
        return h

    def _layers(self) -> Iterator[tuple[Any, Any, Any]]:
        return zip(self.convs, self.norms, self.acts, strict=True)

    def _fast_path(self, graph: Graph) -> Any:
        if self.training and self.dropout > 0:
            return None
        for fast in (gcn_propagation, gat_propagation):
            if all(map(fast.supports_conv, self.convs)) and fast.supports_graph(graph):
                return fast
        return None


def _in_graph_order(h: Tensor, number: Tensor | None) -> Tensor:
    return h if number is None else h.index_select(0, number)


def standardized_rows(weight: Tensor) -> Tensor:
    """``(w - mean(w)) / sqrt(var(w) + 1e-5)`` of every row (output): (out, in) -> (out, in)."""
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


def _standardized(conv: nn.Module) -> dict[str, Tensor]:
    """The weight matrices of ``conv``, standardised, by name."""
    return {
        name: standardized_rows(parameter)
        for name, parameter in conv.named_parameters()
        if parameter.ndim == 2 and name.endswith("weight")
    }
