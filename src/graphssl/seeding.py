"""Independent named random streams derived from one seed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch

Stream = Literal[
    "init", "augmentation", "dropout", "synthetic", "diagnostics", "transforms", "held_out", "probe"
]


def derive_seed(seed: int, stream: Stream) -> int:
    """Derive a 63-bit seed for ``stream``: the first bits of sha256 over ``"<stream>:<seed>"``."""
    digest = hashlib.sha256(f"{stream}:{seed}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, stream: Stream, device: torch.device | str = "cpu") -> torch.Generator:
    """Make a generator for ``stream``, independent of torch's global one.

    Example:
        >>> a, b = generator(0, "augmentation"), generator(0, "augmentation")
        >>> bool(torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b)))
        True
    """
    return torch.Generator(device).manual_seed(derive_seed(seed, stream))


@contextmanager
def global_stream(seed: int, stream: Stream, device: torch.device | None = None) -> Iterator[None]:
    """Seed torch's global streams of the CPU and of ``device``; restore them after the block.

    For code that does not accept a generator: ``torch.nn.init``, ``reset_parameters``, dropout.
    """
    gpus = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(derive_seed(seed, stream))
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(derive_seed(seed, stream))
        yield


@contextmanager
def every_global_stream(seed: int, stream: Stream) -> Iterator[None]:
    """Seed the global CPU streams of torch, NumPy and Python; restore them after the block.

    For third-party code that may draw from any of them, such as transforms and data loaders.
    """
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        with global_stream(seed, stream):
            np.random.seed(derive_seed(seed, stream) % 2**32)  # noqa: NPY002
            random.seed(derive_seed(seed, stream))
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
