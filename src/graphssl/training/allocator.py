"""Keeping freed memory in the process, so that the next step uses it without page faults.

glibc returns a large block to the system as soon as it is freed, and the next tensor of that size
costs a page fault per 4 KiB: nearly half of a step with 150,000 nodes (docs/performance.md).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of mallopt(3), from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
# glibc raises its thresholds to these as large blocks are freed.
_LARGEST_MMAP_THRESHOLD, _DEFAULT_MMAP_MAX = 32 * 2**20, 65536


@contextmanager
def memory_kept() -> Iterator[None]:
    """Keep freed memory inside the block, then return it to the system.

    Does nothing without glibc, or if the environment configures its allocator (``MALLOC_...`` or
    ``GLIBC_TUNABLES``).
    """
    libc = None if _is_set_by_user() else _glibc()
    if libc is None:
        yield
        return
    libc.mallopt(_MMAP_MAX, 0)  # large blocks are allocated on the heap
    libc.mallopt(_TRIM_THRESHOLD, -1)  # which never shrinks: the largest size_t
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
