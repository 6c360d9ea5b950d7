import math

import pytest

from graphssl.schedules import ema_momentum, warmup_constant, warmup_cosine
from graphssl.training.settings import TrainerSettings


def test_warmup_rises_linearly_from_zero():
    assert [warmup_cosine(step, 100, 4) for step in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_cosine_falls_to_zero():
    assert warmup_cosine(55, 100, 10) == pytest.approx(0.5)
    assert warmup_cosine(100, 100, 10) == 0.0
    assert warmup_cosine(0, 100, 0) == 1.0


def test_cosine_reaches_zero_one_step_behind_the_last():
    """The last step is ``total - 1``, and still moves the weights."""
    assert warmup_cosine(9, 10, 0) == pytest.approx((1 + math.cos(0.9 * math.pi)) / 2)
    assert warmup_cosine(9, 10, 4) == pytest.approx((1 + math.cos(math.pi * 5 / 6)) / 2)


def test_a_constant_learning_rate_is_warmed_up_too():
    assert [warmup_constant(step, 4) for step in range(6)] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert warmup_constant(0, 0) == 1.0


@pytest.mark.parametrize(("steps", "expected"), [(4, 0), (6, 1), (14, 1), (16, 2), (300, 30)])
def test_the_share_of_warmup_is_rounded_to_the_nearest_step(steps, expected):
    assert TrainerSettings(steps=steps, warmup=0.1).warmup_steps == expected


def test_ema_rises_from_base_to_one_on_a_cosine():
    assert ema_momentum(0, 100, 0.99) == pytest.approx(0.99)
    assert ema_momentum(100, 100, 0.99) == 1.0
    assert ema_momentum(25, 100, 0.9) == pytest.approx(1 - 0.1 * (math.cos(math.pi / 4) + 1) / 2)
