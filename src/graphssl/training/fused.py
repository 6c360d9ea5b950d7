"""Optimizers whose whole step is one kernel."""

from __future__ import annotations

import torch

# They have kernels that do a whole step in one pass, and on a GPU read what they need from there.
FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


def fuse(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Take fused kernels; on a GPU, keep learning rate and step count there, so that none waits.

    Whether steps are captured or not, so that both give the same numbers.
    """
    if type(optimizer) not in FUSED:
        return
    for group in optimizer.param_groups:
        group["fused"], group["foreach"] = True, False
    if device.type != "cuda":
        return
    for group in optimizer.param_groups:
        group["lr"] = torch.tensor(group["initial_lr"], device=device)
    for state in optimizer.state.values():  # of a checkpoint
        if "step" in state:
            state["step"] = state["step"].to(device, torch.float32)
