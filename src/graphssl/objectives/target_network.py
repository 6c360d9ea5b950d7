"""Target networks: copies that follow the online network by exponential moving average."""

from __future__ import annotations

import copy
from operator import attrgetter
from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def target_of(online: Module) -> Module:
    """Copy ``online``, reinitialise the copy, and exclude it from autograd.

    BGRL's official code, too, starts the target from a different initialisation and gives it
    separate ``BatchNorm`` buffers.

    Args:
        online: network with a method ``reset_parameters``.

    Returns:
        The target network, which the optimizer does not update.

    Example:
        >>> target = target_of(nn.Linear(2, 4))
        >>> target.weight.shape, target.weight.requires_grad
        (torch.Size([4, 2]), False)
    """
    target = copy.deepcopy(online)
    target.reset_parameters()  # type: ignore[operator]
    return target.requires_grad_(False)


@torch.no_grad()
def ema_update(target: nn.Module, online: nn.Module, momentum: float) -> None:
    """Set ``target <- momentum * target + (1 - momentum) * online`` for parameters, not buffers.

    The target of a parametrized layer follows the weight that the layer applies, as it does where
    a penalty shapes it, and not the unconstrained matrix behind it, for which an average means
    nothing: two orthogonal layers have different charts. So its weights are averages of
    constrained ones.

    Args:
        target: network that is updated in place, without parametrizations.
        online: network of the same architecture.
        momentum: share of the target that is kept, in [0, 1].

    Example:
        >>> target, online = nn.Linear(1, 1), nn.Linear(1, 1)
        >>> _ = nn.init.zeros_(target.weight), nn.init.ones_(online.weight)
        >>> ema_update(target, online, momentum=0.75)
        >>> target.weight.item()
        0.25
    """
    followed = dict(target.named_parameters())
    targets: list[torch.Tensor] = [*followed.values()]
    onlines: list[torch.Tensor] = [attrgetter(name)(online) for name in followed]
    torch._foreach_mul_(targets, momentum)
    torch._foreach_add_(targets, onlines, alpha=1.0 - momentum)
