"""Where a run computes."""

from __future__ import annotations

import getpass
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from graphssl.errors import ConfigError

log = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS = 1.0


@contextmanager
def claimed_device(name: str, precision: str) -> Iterator[torch.device]:
    """The device that ``trainer.device`` names, for the length of the block.

    ``auto`` takes a GPU that no other run on this machine has claimed, and waits for one if all are
    claimed; without GPUs it is the CPU. The claim is a lock on a file, which the kernel frees when
    its holder dies, so it works alike under every launcher. A device named outright is not claimed.

    Raises:
        ConfigError: a device that is not there, or a precision that it does not have.
    """
    device = named_device(name, precision)
    if name != "auto" or device.type == "cpu":
        yield device
        return
    lock, index = _first_free_gpu()
    try:
        yield torch.device("cuda", index)
    finally:
        lock.release()


def named_device(name: str, precision: str) -> torch.device:
    """The device called ``name``, once it is known to be there; of ``auto`` the kind alone."""
    count = torch.cuda.device_count()
    automatic = "cuda" if count else "cpu"
    try:
        device = torch.device(automatic if name == "auto" else name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"trainer.device must be auto, cpu, cuda or cuda:<i>, got {name}")
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ConfigError(f"trainer.device={name} is not there: this machine has {count} GPUs")
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError(f"trainer.precision=tf32 needs a GPU, got trainer.device={device}")
    return device


def _first_free_gpu() -> tuple[FileLock, int]:
    waited = False
    while True:
        for index in range(torch.cuda.device_count()):
            lock = FileLock(_claim_file(index))
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return lock, index
        if not waited:
            log.info("every GPU is claimed by another run: waiting for one")
        waited = True
        time.sleep(_LOOK_AGAIN_SECONDS)


def _claim_file(index: int) -> Path:
    # The same card has another index under CUDA_VISIBLE_DEVICES, and the same uuid.
    uuid = torch.cuda.get_device_properties(index).uuid
    return Path(tempfile.gettempdir()) / f"graphssl-{getpass.getuser()}-gpu-{uuid}.lock"
