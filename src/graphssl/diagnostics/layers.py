"""Outputs of every layer of a network, recorded by hooks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from graphssl.contracts import StepOutput
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.encoding import encode
from graphssl.graph import GraphView
from graphssl.seeding import global_stream


@torch.no_grad()
def layer_outputs(objective: nn.Module, view: GraphView) -> tuple[StepOutput, dict[str, Tensor]]:
    """Record the output on ``view`` of every layer of every network of ``objective``, in eval mode.

    Names are paths: for a ``ConvStack``, ``encoder.convs.0``, ``encoder.norms.0`` and
    ``encoder.acts.0``; for any other encoder, its submodules and those of its module lists; for a
    head, ``predictor`` as a whole. Target networks are included: ``target_encoder.acts.1``. The
    norm of a layer without normalisation is left out, since it would repeat the convolution.

    The encoder is recorded on ``view`` itself, whatever else the objective gives to it: DGI, for
    one, encodes a corrupted graph last.

    Args:
        objective: network to record; it is copied, not changed.
        view: the original graph.

    Returns:
        The objective's output with this view as both views, and name -> (N, width).
    """
    frozen = copy.deepcopy(objective).eval()
    parts = {name: part for name, part in frozen.named_children() if name != "encoder"}
    found: dict[str, Tensor] = {}
    with _recorded(parts, found), global_stream(0, "diagnostics", view.graph.x.device):
        output = frozen(view, view)
    return output, encoder_outputs(frozen.encoder, view) | found  # type: ignore[arg-type]


@torch.no_grad()
def encoder_outputs(encoder: nn.Module, view: GraphView) -> dict[str, Tensor]:
    """Record the output of every layer of ``encoder`` on ``view``, in eval mode.

    Args:
        encoder: the encoder; it is copied, not changed.
        view: the original graph.

    Returns:
        Name -> (N, width), in order: ``encoder.convs.0``, ``encoder.acts.0``; see
        ``layer_outputs``.
    """
    frozen = copy.deepcopy(encoder).eval()
    found: dict[str, Tensor] = {}
    with (
        _recorded({"encoder": frozen}, found),
        global_stream(0, "diagnostics", view.graph.x.device),
    ):
        encode(frozen, view)
    return found


@contextmanager
def _recorded(parts: Mapping[str, nn.Module], found: dict[str, Tensor]) -> Iterator[None]:
    handles = []
    for name, part in parts.items():
        if isinstance(part, ConvStack):
            handles += _hook_stack(name, part, found)
        elif "encoder" in name:
            for path, layer in _layers(name, part):
                handles.append(layer.register_forward_hook(_keep(path, found)))
        else:
            handles.append(part.register_forward_hook(_keep(name, found)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook_stack(name: str, stack: ConvStack, found: dict[str, Tensor]) -> list[Any]:
    """Record a conv's output as its norm's input, since the fast path does not call the conv."""
    handles: list[Any] = []
    for i, (norm, act) in enumerate(zip(stack.norms, stack.acts, strict=True)):

        def before(module: nn.Module, inputs: Any, path: str = f"{name}.convs.{i}") -> None:
            found[path] = inputs[0]

        handles.append(norm.register_forward_pre_hook(before))
        if not isinstance(norm, nn.Identity):
            handles.append(norm.register_forward_hook(_keep(f"{name}.norms.{i}", found)))
        handles.append(act.register_forward_hook(_keep(f"{name}.acts.{i}", found)))
    return handles


def _layers(name: str, encoder: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for child, part in encoder.named_children():
        if isinstance(part, nn.ModuleList | nn.Sequential):
            yield from ((f"{name}.{child}.{i}", layer) for i, layer in enumerate(part))
        else:
            yield f"{name}.{child}", part


def _keep(path: str, found: dict[str, Tensor]) -> Any:
    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 2 and output.is_floating_point():
            found[path] = output

    return hook
