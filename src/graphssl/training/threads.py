"""Number of CPU threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Compute with ``count`` threads inside the block; None keeps every library's default.

    This applies to torch, whose thread count is the one in the record, and to the linear algebra of
    NumPy and SciPy, which the probe uses.
    """
    if count is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
