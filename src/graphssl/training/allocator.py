"""Freed memory that the process keeps, so that a step does not pay for the same memory twice.

glibc gives a large block back to the system as soon as it is freed, and the next tensor of that
size costs a page fault per 4 KiB: on a graph of 150,000 nodes nearly half of a step
(docs/performance.md).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of mallopt(3), from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
# Where glibc's own thresholds end up in a process that frees large blocks.
_LARGEST_MMAP_THRESHOLD, _DEFAULT_MMAP_MAX = 32 * 2**20, 65536


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep freed memory inside the block, then give it back.

    Does nothing without glibc, or where the environment has settings for its allocator
    (``MALLOC_...`` or ``GLIBC_TUNABLES``), which are the user's.
    """
    libc = None if _is_set_by_user() else _glibc()
    if libc is None:
        yield
        return
    libc.mallopt(_MMAP_MAX, 0)  # large blocks on the heap as well,
    libc.mallopt(_TRIM_THRESHOLD, -1)  # of which nothing is given back: size_t's largest
    try:
        yield
    finally:
        libc.mallopt(_MMAP_MAX, _DEFAULT_MMAP_MAX)
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST_MMAP_THRESHOLD)
        libc.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST_MMAP_THRESHOLD)
        libc.malloc_trim(0)


def _is_set_by_user() -> bool:
    return any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ)


def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL(None)
        has = hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim")
    except (OSError, TypeError):  # Windows has no such handle
        return None
    return libc if has else None
