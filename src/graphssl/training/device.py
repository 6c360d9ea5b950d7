"""Devices: checking the one that is named, or claiming a free GPU."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from graphssl.errors import ConfigError

log = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS = 1.0


@contextmanager
def claimed_device(name: str, precision: str) -> Iterator[torch.device]:
    """Yield the device that ``trainer.device`` names.

    ``auto`` claims a GPU that no other run on this machine has claimed, and waits for one if all
    are claimed; on a machine without GPUs it is the CPU. The claim is a name in the kernel, which
    no one can delete and which goes when its holder dies, so it works under every launcher. An
    explicit device is not claimed.

    Raises:
        ConfigError: the device does not exist, or does not support the precision.
    """
    device = named_device(name, precision)
    if name != "auto" or device.type == "cpu":
        yield device
        return
    index, claim = _first_free_gpu()
    with claim:
        yield torch.device("cuda", index)


def named_device(name: str, precision: str) -> torch.device:
    """Return the device called ``name`` after checking that it exists; for ``auto`` its type."""
    count = torch.cuda.device_count()
    automatic = "cuda" if count else "cpu"
    try:
        device = torch.device(automatic if name == "auto" else name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"trainer.device must be auto, cpu, cuda or cuda:<i>, got {name}")
    if device.type == "cuda" and (device.index or 0) >= count:
        gpus = "1 GPU" if count == 1 else f"{count} GPUs"
        raise ConfigError(f"trainer.device={name} does not exist: this machine has {gpus}")
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError(f"trainer.precision=tf32 needs a GPU, got trainer.device={device}")
    return device


def _first_free_gpu() -> tuple[int, socket.socket]:
    waited = False
    while True:
        for index in range(torch.cuda.device_count()):
            if (claim := _claim(index)) is not None:
                return index, claim
        if not waited:
            log.info("every GPU is claimed by another run: waiting for one")
        waited = True
        time.sleep(_LOOK_AGAIN_SECONDS)


def _claim(index: int) -> socket.socket | None:
    """Claim a GPU on this machine; None if another run has claimed it.

    The claim is an abstract Unix socket (``man 7 unix``): a name that one process can hold. A lock
    file could be deleted, and a second run would then share the GPU.
    """
    # CUDA_VISIBLE_DEVICES changes the index of a GPU, but not its uuid.
    uuid = torch.cuda.get_device_properties(index).uuid
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0graphssl-gpu-{uuid}")
    except OSError as error:
        claim.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return claim
