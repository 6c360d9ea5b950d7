"""Where a run computes."""

from __future__ import annotations

import torch

from graphssl.errors import ConfigError


def resolve_device(name: str, precision: str) -> torch.device:
    """The device that ``trainer.device`` names; ``auto`` is a GPU where there is one.

    Raises:
        ConfigError: a device that is not there, or a precision that it does not have.
    """
    count = torch.cuda.device_count()
    if name == "auto":
        name = "cuda" if count else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(
            f"trainer.device must be auto, cpu, cuda or cuda:<i>, got {name}"
        ) from None
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"trainer.device must be auto, cpu, cuda or cuda:<i>, got {name}")
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ConfigError(f"trainer.device={name} is not there: this machine has {count} GPUs")
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError(f"trainer.precision=tf32 needs a GPU, got trainer.device={device}")
    return device
