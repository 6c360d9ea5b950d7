"""Running statistics for the normalisation layers of a network that has seen no batch.

A BatchNorm that has seen no batch is the identity in eval mode, so measuring such a network would
measure a different one from that with which training starts.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from graphssl.graph import GraphView
from graphssl.seeding import global_stream


@torch.no_grad()
def after_first_forward(objective: nn.Module, view1: GraphView, view2: GraphView) -> nn.Module:
    """Copy ``objective`` and run one forward pass in train mode, without changing a weight.

    The copy is in the state after a training step with a learning rate of 0: running statistics,
    those of targets included, have moved by their momentum, and dropout was active. torch's global
    stream is restored afterwards, so that the step itself draws the same numbers.

    Args:
        objective: network to copy; it is not changed.
        view1: the first augmented view of that step.
        view2: the second augmented view of that step.

    Returns:
        The copy, in train mode.
    """
    started = copy.deepcopy(objective).train()
    device = view1.graph.x.device
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), parametrize.cached():  # as in a step
        started(view1, view2)
    return started


@torch.no_grad()
def fill_statistics(objective: nn.Module, view: GraphView) -> None:
    """Give every normalisation layer that has seen no batch the statistics of ``view``, in place.

    This is for a network that is never trained: the statistics are exactly those of the graph (no
    momentum keeps part of the initial 0 and 1), no dropout is active, and layers that already have
    statistics, such as those of a pretrained encoder, keep them. ``objective`` is left in eval
    mode.

    Args:
        objective: network whose layers are filled.
        view: the original graph.
    """
    objective.eval()
    fresh = [module for module in objective.modules() if _has_seen_no_batch(module)]
    momenta = [getattr(module, "momentum", None) for module in fresh]
    for module in fresh:
        module.train()
        module.momentum = 1.0  # type: ignore[assignment]
    if fresh:
        with global_stream(0, "diagnostics", view.graph.x.device):
            objective(view, view)
    for module, momentum in zip(fresh, momenta, strict=True):
        module.eval()
        module.momentum = momentum  # type: ignore[assignment]


def _has_seen_no_batch(module: nn.Module) -> bool:
    """Return whether running statistics are still 0 and 1; not every layer counts batches."""
    mean, var = (getattr(module, f"running_{name}", None) for name in ("mean", "var"))
    if not (isinstance(mean, Tensor) and isinstance(var, Tensor)):
        return False
    return not mean.any() and bool((var == 1).all())
