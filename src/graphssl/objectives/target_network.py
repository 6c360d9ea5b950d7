"""The target network: a copy that follows the online network by exponential moving average."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def target_of(online: Module) -> Module:
    """A copy of ``online`` with weights of its own drawing, out of the optimizer's reach.

    BGRL's official code starts the target from a different initialisation; its ``BatchNorm``
    buffers are its own too.
    """
    target = copy.deepcopy(online)
    target.reset_parameters()  # type: ignore[operator]
    return target.requires_grad_(False)


@torch.no_grad()
def ema_update(target: nn.Module, online: nn.Module, momentum: float) -> None:
    """``target <- momentum * target + (1 - momentum) * online`` for parameters, not buffers."""
    targets: list[torch.Tensor] = [*target.parameters()]
    onlines: list[torch.Tensor] = [*online.parameters()]
    torch._foreach_mul_(targets, momentum)
    torch._foreach_add_(targets, onlines, alpha=1.0 - momentum)
