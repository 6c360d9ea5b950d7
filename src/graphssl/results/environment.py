"""The environment of a run: versions, machine, device and peak memory."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from graphssl.training import matmul
from graphssl.version import __version__

_PACKAGES = ("torch", "torch-geometric", "hydra-core", "scikit-learn", "numpy", "torch-scatter")


def environment(device: torch.device) -> dict[str, Any]:
    """Collect versions, git commit, machine, device, threads and float32 route, ready for JSON."""
    return {
        "graphssl": __version__,
        "packages": packages(),
        "python": platform.python_version(),
        "git_commit": _git_commit(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "matmul": matmul.current(),
    }


def packages() -> dict[str, str]:
    """Look up the versions of the packages that numbers depend on."""
    return {name: found for name in _PACKAGES if (found := _version(name))}


def forget_peak_memory(device: torch.device) -> None:
    """Reset the peak that ``peak_memory_mib`` reports, so that earlier runs do not count.

    On a CPU this works on Linux only (proc(5), ``clear_refs``); elsewhere the peak is that of the
    whole process.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mib(device: torch.device) -> float:
    """Return the peak memory in MiB, of the process on a CPU, of torch's allocator on a GPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    with suppress(OSError):
        if found := re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text()):
            return int(found[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """Return the commit of this checkout, with ``+`` if it has changes; None outside one."""
    here = Path(__file__).parent
    if "site-packages" in here.parts:
        return None
    try:
        git = ["git", "-C", str(here)]
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)
        dirty = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
    except OSError:
        return None
    return head.stdout.strip() + ("+" if dirty.stdout else "") if head.returncode == 0 else None
