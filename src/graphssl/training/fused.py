"""Optimizers with fused kernels."""

from __future__ import annotations

import torch

# Optimizers with kernels that do a whole step in one pass and keep their state on the GPU.
FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


def fuse(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Use fused kernels; keep learning rate and step count on the GPU, to avoid synchronisation.

    This applies whether or not steps are captured, so that both give the same numbers.
    """
    if type(optimizer) not in FUSED:
        return
    for group in optimizer.param_groups:
        group["fused"], group["foreach"] = True, False
    if device.type != "cuda":
        return
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(group["initial_lr"], device=device)
    for state in optimizer.state.values():  # restored from a checkpoint
        if "step" in state:
            state["step"] = state["step"].to(device, torch.float32)
