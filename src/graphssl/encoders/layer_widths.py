"""Build a layer's operator with its widths, according to the arguments that it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from graphssl.checks import whole_number
from graphssl.errors import ConfigError


def check_channels(channels: Any) -> None:
    """Check the widths of the layers.

    Raises:
        ConfigError: not a list of at least one whole number, each 1 or more.

    Example:
        >>> check_channels([64, 0])
        Traceback (most recent call last):
        graphssl.errors.ConfigError: encoder.channels must list the width of at least one layer, \
each a whole number, 1 or more, got [64, 0]
    """
    widths = channels if isinstance(channels, Sequence) and not isinstance(channels, str) else ()
    if not widths or not all(type(width) is int and width >= 1 for width in widths):
        raise ConfigError(
            "encoder.channels must list the width of at least one layer, each a whole number, "
            f"1 or more, got {channels!r}"
        )


def make_layer(
    conv: Callable[..., nn.Module], in_channels: int, out_channels: int
) -> tuple[nn.Module, nn.Module]:
    """Make one layer, (N, in_channels) -> (N, out_channels): a map and the operator after it.

    An operator with two widths gets both; one with ``heads`` whose outputs are concatenated gets
    ``out_channels / heads`` per head. An operator with a single width (GCN2Conv's ``channels``,
    GatedGraphConv's ``out_channels``) or none (APPNP) comes after a linear map if the width
    changes. In all other cases the map is the identity.

    Args:
        conv: the operator's class, or a partial of it with its other arguments.
        in_channels: width of the input.
        out_channels: width of the output.

    Raises:
        ConfigError: the heads do not divide the width, or an argument is missing.

    Example:
        >>> from functools import partial
        >>> from torch_geometric.nn import APPNP, GCNConv
        >>> make_layer(GCNConv, 5, 8)
        (Identity(), GCNConv(5, 8))
        >>> make_layer(partial(APPNP, K=10, alpha=0.1), 5, 8)
        (Linear(in_features=5, out_features=8, bias=False), APPNP(K=10, alpha=0.1))
    """
    options: dict[str, Any] = getattr(conv, "keywords", {})
    needed = [
        name
        for name, parameter in inspect.signature(conv).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        and name not in options
    ]
    kind = getattr(conv, "func", conv)
    widths = [name for name in needed if name.endswith("channels")]
    if not kind.__module__.startswith("torch_geometric.") and len(needed) == 2:
        widths = needed  # a custom operator may use other names
    if lacking := [name for name in needed if name not in widths]:
        raise ConfigError(f"encoder.conv: {kind.__name__} also needs {', '.join(lacking)}")
    if len(widths) < 2:
        same = in_channels == out_channels
        before = nn.Identity() if same else nn.Linear(in_channels, out_channels, bias=False)
        return before, conv(out_channels) if widths else conv()
    heads = options.get("heads", 1)
    whole_number("encoder.conv.heads", heads, least=1)
    if options.get("concat", True):
        if out_channels % heads != 0:
            raise ConfigError(
                f"encoder.channels: width {out_channels} is not divisible by "
                f"encoder.conv.heads={heads}"
            )
        out_channels //= heads
    return nn.Identity(), conv(in_channels, out_channels)
