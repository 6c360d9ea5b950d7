"""A stack of message-passing layers, each dropout -> conv -> norm -> activation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.func import functional_call

from graphssl.checks import number, one_of
from graphssl.encoders.fast import (
    gat_propagation,
    gcn_propagation,
    gin_propagation,
    sage_propagation,
)
from graphssl.encoders.fast.first_product import first_product, first_products
from graphssl.encoders.fast.node_order import renumbered
from graphssl.encoders.layer_widths import check_channels, make_layer
from graphssl.errors import ConfigError
from graphssl.graph import GraphView

JumpingKnowledge = Literal["last", "cat", "max"]


class ConvStack(nn.Module):
    """``h_l = act(norm(conv(drop(h_{l-1}), edges)))``; the last layer too by default, as in BGRL.

    With ``residual``, every layer but the first adds ``P_l h_{l-1}``, where P_l is the identity, or
    a linear map if the width changes.

    Args:
        in_channels: F.
        channels: width of every layer; the last one is D, the size of the representation.
        conv: factory of the operators; any PyG operator (``layer_widths.make_layer`` describes how
            it gets its widths).
        norm: factory of the normalisations, called with their width.
        act: factory of the activations.
        weight_standardization: whether to standardise every row of a conv's weight matrices over
            its inputs (Qiao et al., arXiv 1903.10520), in all layers but the first, as BGRL's
            encoder for arxiv does. The parameters, and so any penalty on them, are not changed.
        residual: whether to add the input of a layer to its output, from the second layer on (He
            et al. 2016; for graphs Li et al., arXiv 1904.03751).
        jumping_knowledge: source of the representation: ``last``, the last layer; ``cat``, all
            layers concatenated (D is the sum of the widths); ``max``, their elementwise maximum,
            which needs equal widths (Xu et al., arXiv 1806.03536).
        dropout: probability with which each entry of a layer's input (features and hidden layers)
            is set to 0 in training, as by Kipf & Welling (arXiv 1609.02907). Drawn from torch's
            global stream.
        plain_last: whether to omit normalisation and activation after the last layer, as in the
            encoders of CCA-SSG (arXiv 2106.12484) and G-BT (arXiv 2106.02466).

    Raises:
        ConfigError: there is no layer, a width is below 1 or not divisible by the heads, widths
            that must be equal differ, ``dropout`` is outside [0, 1), or ``jumping_knowledge`` is
            unknown.

    Example:
        >>> from torch_geometric.nn import GCNConv
        >>> encoder = ConvStack(5, [8, 4], GCNConv, nn.PReLU, norm=nn.BatchNorm1d)
        >>> encoder(torch.ones(3, 5), torch.tensor([[0, 1], [1, 2]])).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        conv: Callable[..., nn.Module],
        act: Callable[[], nn.Module],
        norm: Callable[[int], nn.Module] = nn.Identity,
        weight_standardization: bool = False,
        residual: bool = False,
        jumping_knowledge: JumpingKnowledge = "last",
        dropout: float = 0.0,
        plain_last: bool = False,
    ) -> None:
        super().__init__()
        number("encoder.dropout", dropout, least=0, below=1)
        check_channels(channels)
        one_of("encoder.jumping_knowledge", jumping_knowledge, get_args(JumpingKnowledge))
        if jumping_knowledge == "max" and len(set(channels)) > 1:
            raise ConfigError(
                f"encoder.jumping_knowledge=max needs layers of equal width, got encoder.channels="
                f"{list(channels)}"
            )
        self.in_channels = in_channels
        self.out_channels = sum(channels) if jumping_knowledge == "cat" else channels[-1]
        widths = [in_channels, *channels]
        layers = [make_layer(conv, *pair) for pair in zip(widths, channels, strict=False)]
        self.maps = nn.ModuleList(before for before, _ in layers)
        self.convs = nn.ModuleList(operator for _, operator in layers)
        finished = len(channels) - plain_last
        self.norms = nn.ModuleList(norm(width) for width in channels[:finished])
        self.acts = nn.ModuleList(act() for _ in channels[:finished])
        if plain_last:
            self.norms.append(nn.Identity())
            self.acts.append(nn.Identity())
        self.jumping_knowledge = jumping_knowledge
        self.shortcuts = nn.ModuleList(
            nn.Identity() if before == width else nn.Linear(before, width, bias=False)
            for before, width in (pairwise(channels) if residual else ())
        )
        self.weight_standardization, self.dropout = weight_standardization, dropout
        takes = inspect.signature(self.convs[0].forward).parameters
        self._takes_weight, self._takes_initial = "edge_weight" in takes, "x_0" in takes
        if self._takes_initial and len(set(channels)) > 1:
            raise ConfigError(
                f"encoder.conv: {type(self.convs[0]).__name__} uses the output of the first layer "
                f"and needs layers of equal width, got encoder.channels={list(channels)}"
            )

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None = None) -> Tensor:
        """Encode every node: (N, F) -> (N, D)."""
        edges = (edge_index, edge_weight) if self._takes_weight else (edge_index,)
        outputs: list[Tensor] = []
        initial: tuple[Tensor, ...] = ()
        for layer, conv in enumerate(self.convs):
            # (N, width of the layer below), or this layer's width if a map comes first
            h = self.maps[layer](nn.functional.dropout(x, self.dropout, self.training))
            if self._takes_initial and layer == 0:
                initial = (h,)
            if self.weight_standardization and layer > 0:
                h = functional_call(conv, _standardized(conv), (h, *initial, *edges))
            else:
                h = conv(h, *initial, *edges)
            x = self._finish(layer, h, x)
            outputs = self._kept(outputs, x)
        return self._joined(outputs)

    def encode_view(self, view: GraphView) -> Tensor:
        """Compute ``self(view.x, view.edge_index, view.edge_weight)`` using the masks, (N, D).

        GCN, GAT, GraphSAGE and GIN use the masks directly. For any other operator hidden edges are
        removed; also in training with dropout, where views have no common part of the first product
        to share.
        """
        fast = self._fast_path(view)
        if fast is None:
            return self.forward(view.x, view.edge_index, view.edge_weight)
        view, number = renumbered(view)
        h = self._after_first(first_product(view, fast.linear_map(self.convs[0])), fast, view)
        return _in_graph_order(h, number)

    def encode_pair(self, view1: GraphView, view2: GraphView) -> tuple[Tensor, Tensor]:
        """Encode both views; those of one graph share the common part of their first products."""
        fast = self._fast_path(view1)
        hide_only = view1.hides_only and view2.hides_only
        if fast is None or not hide_only or view1.graph is not view2.graph:
            return self.encode_view(view1), self.encode_view(view2)
        (view1, number), (view2, _) = renumbered(view1), renumbered(view2)
        firsts = [*first_products(view1, view2, fast.linear_map(self.convs[0]))]
        # Popped, so that the first product is freed before the second view is encoded.
        h1 = _in_graph_order(self._after_first(firsts.pop(0), fast, view1), number)
        return h1, _in_graph_order(self._after_first(firsts.pop(), fast, view2), number)

    def reset_parameters(self) -> None:
        """Reinitialise all weights."""
        for conv in self.convs:
            conv.reset_parameters()  # type: ignore[operator]
        for module in [*self.maps, *self.norms, *self.acts, *self.shortcuts]:
            for part in module.modules():
                if hasattr(part, "reset_parameters"):
                    part.reset_parameters()

    def _after_first(self, h: Tensor, fast: Any, view: GraphView) -> Tensor:
        """Apply all that follows the first linear map, whose result is ``h``: -> (N, D)."""
        propagate = fast.propagation(view)
        outputs: list[Tensor] = []
        convs: Iterable[Any] = self.convs
        for layer, conv in enumerate(convs):
            before = h if self.shortcuts else None
            if layer > 0:
                weight = fast.linear_map(conv)
                h = h @ (standardized_rows(weight) if self.weight_standardization else weight).t()
            h = self._finish(layer, propagate(conv, h), before)
            outputs = self._kept(outputs, h)
        return self._joined(outputs)

    def _finish(self, layer: int, h: Tensor, before: Tensor | None) -> Tensor:
        """Apply norm, activation and shortcut to ``h``, the operator's output for ``before``."""
        h = self.acts[layer](self.norms[layer](h))
        return h + self.shortcuts[layer - 1](before) if self.shortcuts and layer > 0 else h

    def _kept(self, outputs: list[Tensor], h: Tensor) -> list[Tensor]:
        """Return the outputs that are still needed, so that the memory of the others is freed."""
        return [h] if self.jumping_knowledge == "last" else [*outputs, h]

    def _joined(self, outputs: list[Tensor]) -> Tensor:
        match self.jumping_knowledge:
            case "cat":
                return torch.cat(outputs, dim=1)  # (N, sum of the widths)
            case "max":
                return torch.stack(outputs).amax(dim=0)
        return outputs[-1]

    def _fast_path(self, view: GraphView) -> Any:
        if view.replaces or (self.training and self.dropout > 0):
            return None
        fast_paths = [gcn_propagation, gat_propagation, sage_propagation]
        if not self.weight_standardization:  # which is of GIN's second linear map too
            fast_paths.append(gin_propagation)
        for fast in fast_paths:
            if all(map(fast.supports_conv, self.convs)) and fast.supports_graph(view.graph):
                return fast
        return None


def _in_graph_order(h: Tensor, number: Tensor | None) -> Tensor:
    return h if number is None else h.index_select(0, number)


def standardized_rows(weight: Tensor) -> Tensor:
    """Compute ``(w - mean(w)) / sqrt(var(w) + 1e-5)`` of every row (output), (out, in)."""
    var, mean = torch.var_mean(weight, dim=1, keepdim=True)
    return (weight - mean) / torch.sqrt(var + 1e-5)


def _standardized(conv: nn.Module) -> dict[str, Tensor]:
    """Standardise the weight matrices of ``conv``; name -> (out, in)."""
    return {
        name: standardized_rows(parameter)
        for name, parameter in conv.named_parameters()
        if parameter.ndim == 2 and name.endswith("weight")
    }
