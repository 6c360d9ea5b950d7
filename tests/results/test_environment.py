import sys

import pytest
import torch

from graphssl.results.environment import forget_peak_memory, peak_memory_mib

CPU = torch.device("cpu")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can forget a peak")
def test_what_was_held_before_does_not_count():
    forget_peak_memory(CPU)
    start = peak_memory_mib(CPU)
    held = torch.ones(300, 2**18)  # 300 MiB
    peak = peak_memory_mib(CPU)
    assert 290 < peak - start < 400
    del held
    assert peak_memory_mib(CPU) == pytest.approx(peak, abs=5)  # kept in batches of pages
    forget_peak_memory(CPU)
    assert peak_memory_mib(CPU) < start + 100
