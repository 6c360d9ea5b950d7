"""The library for dense float32 products on the CPU: torch's default or oneDNN.

By default torch uses MKL. Under ``torch.set_float32_matmul_precision("medium")`` it uses oneDNN,
which on a CPU without bfloat16 products keeps float32 and, where MKL does not use AVX-512, is
faster (docs/performance.md). On a CPU with AMX the same setting rounds factors to bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

from graphssl.errors import ConfigError

ROUTES = ("auto", "default", "onednn")

# The parts of AVX-512 that torch requires before it calls oneDNN.
_AVX512 = {"avx512f", "avx512bw", "avx512vl", "avx512dq"}
# Largest relative error of a float32 product; that of bfloat16 factors is 3e-3.
_LARGEST_ERROR = 1e-6


@contextmanager
def products(route: str, device: torch.device) -> Iterator[None]:
    """Multiply float32 matrices on the CPU by ``route`` inside the block.

    Args:
        route: ``auto``, ``default`` or ``onednn``.
        device: the run's device; products on a GPU are not affected.

    Raises:
        ConfigError: as ``chosen``.
    """
    with matmul_precision("medium" if chosen(route, device) == "onednn" else None):
        yield


def chosen(route: str, device: torch.device) -> str:
    """Resolve ``route`` to ``default`` or ``onednn``.

    ``auto`` depends on the kind of CPU and never on a timing: all processes on a machine make the
    same choice, so that a resumed run is bit-identical.

    Raises:
        ConfigError: ``route`` is ``onednn``, whose products are not accurate enough on this CPU.
    """
    if device.type != "cpu" or route == "default":
        return "default"
    if route == "auto":
        return "onednn" if _is_faster() and is_exact() else "default"
    if not is_exact():
        raise ConfigError(
            f"trainer.matmul={route}: on this CPU its products have a relative error of "
            f"{_errors()[1]:.0e} (torch's default {_errors()[0]:.0e}); use auto or default"
        )
    return route


def current() -> str:
    """Return the route that products currently take."""
    return "onednn" if torch.get_float32_matmul_precision() == "medium" else "default"


@contextmanager
def matmul_precision(precision: str | None) -> Iterator[None]:
    """Set torch's ``float32_matmul_precision`` inside the block; None does not change it."""
    if precision is None:
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _is_faster() -> bool:
    """Return whether oneDNN is known to be faster: on AMD with AVX-512, which MKL does not use."""
    vendor, features = _cpu()
    amx = any(name.startswith("amx") for name in features)
    return vendor == "AuthenticAMD" and features >= _AVX512 and not amx


def is_exact() -> bool:
    """Return whether oneDNN's error is within twice the default's and below 1e-6."""
    default, onednn = _errors()
    return onednn <= 2 * default and onednn < _LARGEST_ERROR


@cache
def _errors() -> tuple[float, float]:
    """Measure both routes' relative error (Frobenius norm, against float64) on one product."""
    stream = torch.Generator().manual_seed(0)
    left = torch.randn(512, 768, generator=stream, dtype=torch.float32)
    right = torch.randn(768, 256, generator=stream, dtype=torch.float32)
    exact = left.double() @ right.double()

    def error(precision: str) -> float:
        with matmul_precision(precision):
            found = (left @ right).double()
        return float((found - exact).norm() / exact.norm())

    return error("highest"), error("medium")


def _cpu() -> tuple[str, frozenset[str]]:
    """Read vendor and instruction sets of the CPU from Linux; empty elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    except OSError:
        return "", frozenset()
    facts = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    return facts.get("vendor_id", ""), frozenset(facts.get("flags", "").split())
