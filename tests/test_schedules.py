import math

import pytest

from graphssl.schedules import ema_momentum, warmup_cosine


def test_warmup_rises_linearly_from_zero():
    assert [warmup_cosine(step, 100, 4) for step in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_cosine_falls_to_zero():
    assert warmup_cosine(55, 100, 10) == pytest.approx(0.5)
    assert warmup_cosine(100, 100, 10) == 0.0
    assert warmup_cosine(0, 100, 0) == 1.0


def test_ema_rises_from_base_to_one_on_a_cosine():
    assert ema_momentum(0, 100, 0.99) == pytest.approx(0.99)
    assert ema_momentum(100, 100, 0.99) == 1.0
    assert ema_momentum(25, 100, 0.9) == pytest.approx(1 - 0.1 * (math.cos(math.pi / 4) + 1) / 2)
