"""Bit-identical training on a GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from graphssl.errors import TrainingError

_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@contextmanager
def deterministic(on: bool) -> Iterator[None]:
    """Require torch's deterministic algorithms inside the block if ``on``; restore settings after.

    cuBLAS reads its workspace setting once per process, before its first product. If the process
    has already used cuBLAS without the setting, torch raises an error.

    Raises:
        TrainingError: an operation has no deterministic version.
    """
    if not on:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    workspace = os.environ.get(_WORKSPACE)
    os.environ.setdefault(_WORKSPACE, ":4096:8")
    torch.use_deterministic_algorithms(True)
    try:
        yield
    except RuntimeError as error:
        if "use_deterministic_algorithms" not in str(error):
            raise
        reason = str(error).partition(", but you set")[0]
        raise TrainingError(
            f"trainer.deterministic=true: {reason}; trainer.deterministic=false allows it"
        ) from error
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn_only)
        if workspace is None:
            del os.environ[_WORKSPACE]
