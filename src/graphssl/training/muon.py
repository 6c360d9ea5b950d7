"""Muon for weight matrices, AdamW for all other parameters, as one optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from graphssl.checks import number, whole_number
from graphssl.errors import ConfigError


class Muon(torch.optim.Optimizer):
    """Orthogonalise the momentum of every matrix; update all other parameters with AdamW.

    With ``B = U S V^T`` the Nesterov momentum of a matrix W (out, in), a step is
    ``W <- W - lr (0.2 sqrt(max(out, in)) U V^T + weight_decay W)``, where ``U V^T`` is approximated
    by Newton-Schulz iterations in bfloat16 (``torch.optim.Muon``). The factor gives the update the
    size of AdamW's, so that both share ``lr`` and ``weight_decay`` (arXiv 2502.16982). It makes
    *updates* orthonormal, whereas WERank pulls *weights* towards orthonormality.

    Matrices are parameters with two dimensions and no side of 1. Vectors, biases, scales and stacks
    of matrices are left to AdamW, and a network without matrices is trained by AdamW alone.

    Args:
        params: parameters to optimise.
        lr: learning rate.
        weight_decay: decoupled weight decay.
        momentum: momentum of the matrices, in [0, 1).
        ns_steps: Newton-Schulz iterations.

    Raises:
        ConfigError: torch has no Muon, ``momentum`` is outside [0, 1), or ``ns_steps`` is below 1.

    Example:
        >>> layer = nn.Linear(4, 3)
        >>> [len(group["params"]) for group in Muon(layer.parameters()).param_groups]
        [1, 1]
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float = 1e-3,
        weight_decay: float = 1e-5,
        momentum: float = 0.95,
        ns_steps: int = 5,
    ) -> None:
        number("optimizer.momentum", momentum, least=0, below=1)
        whole_number("optimizer.ns_steps", ns_steps, least=1, most=99)
        if not hasattr(torch.optim, "Muon"):
            raise ConfigError(
                f"optimizer=muon needs torch 2.9 or newer, got {torch.__version__}; "
                "pip install -U torch, or choose optimizer=adamw"
            )
        matrices: list[nn.Parameter] = []
        others: list[nn.Parameter] = []
        for parameter in params:
            is_matrix = parameter.ndim == 2 and min(parameter.shape) > 1
            (matrices if is_matrix else others).append(parameter)
        shared: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay}
        self.parts: list[torch.optim.Optimizer] = []
        if matrices:
            self.parts.append(
                torch.optim.Muon(
                    matrices,
                    **shared,
                    momentum=momentum,
                    ns_steps=ns_steps,
                    adjust_lr_fn="match_rms_adamw",
                )
            )
        if others:
            self.parts.append(torch.optim.AdamW(others, **shared))
        super().__init__([*matrices, *others], shared)
        self._share_groups()

    def _share_groups(self) -> None:
        """Let a schedule that sets this optimizer's groups set those of its parts."""
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Take one step of both parts."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the state of both parts."""
        return {type(part).__name__: part.state_dict() for part in self.parts}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state of both parts."""
        for part in self.parts:
            part.load_state_dict(state_dict[type(part).__name__])
        self._share_groups()
