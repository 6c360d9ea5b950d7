"""Freed memory is kept during a run, given back after it, and left alone where others rule it."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
from benchmarks.measure import KEEP_MEMORY

from graphssl.pipeline import run as pipeline
from graphssl.training import allocator
from graphssl.training.allocator import memory_kept

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in (*KEEP_MEMORY, "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)


IN_A_NEW_PROCESS = """
import resource
import torch
from graphssl.training.allocator import memory_kept

def faults_of_a_tensor():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)  # 64 MiB, freed at once
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def held_mib():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20

with memory_kept():  # the first few may not fit into what is left of a freed block
    faults = min(faults_of_a_tensor() for _ in range(6))
    kept = held_mib()
after = held_mib()
faults_of_a_tensor()
print(faults, kept, after, held_mib())
"""


@glibc
def test_freed_memory_is_used_again_without_page_faults_and_given_back_after_the_block():
    """In a process of its own: what other tests have freed hides what a tensor costs."""
    command = [sys.executable, "-W", "ignore", "-c", IN_A_NEW_PROCESS]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    faults, kept, *after = map(float, done.stdout.split())
    assert faults < 100
    assert max(after) < kept - 60


class Libc(SimpleNamespace):
    """Notes what is asked of it."""

    def __init__(self):
        super().__init__(asked=[])

    def mallopt(self, name, value):
        self.asked.append((name, value))

    def malloc_trim(self, pad):
        self.asked.append("trim")


def test_the_thresholds_are_put_back_after_an_error(monkeypatch):
    libc = Libc()
    monkeypatch.setattr(allocator, "_glibc", lambda: libc)
    with pytest.raises(ZeroDivisionError), memory_kept():
        raise ZeroDivisionError
    assert libc.asked == [(-4, 0), (-1, -1), (-4, 65536), (-3, 2**25), (-1, 2**26), "trim"]


@pytest.mark.parametrize("name", [*KEEP_MEMORY, "MALLOC_ARENA_MAX", "GLIBC_TUNABLES"])
def test_what_the_user_has_set_stays(monkeypatch, name):
    libc = Libc()
    monkeypatch.setattr(allocator, "_glibc", lambda: libc)
    monkeypatch.setenv(name, "1")
    with memory_kept():
        pass
    assert libc.asked == []


@pytest.mark.parametrize("error", [None, OSError, TypeError])
def test_without_glibc_nothing_happens(monkeypatch, error):
    def library(name):
        if error:
            raise error
        return SimpleNamespace(malloc=None)

    monkeypatch.setattr(allocator.ctypes, "CDLL", library)
    with memory_kept():
        assert allocator._glibc() is None


def test_a_run_keeps_its_memory(small_run, monkeypatch):
    libc, seen = Libc(), []
    monkeypatch.setattr(allocator, "_glibc", lambda: libc)
    work = pipeline.carry_out
    monkeypatch.setattr(pipeline, "carry_out", lambda *a: seen.append([*libc.asked]) or work(*a))
    small_run()
    assert seen == [[(-4, 0), (-1, -1)]]
    assert libc.asked[-1] == "trim"
