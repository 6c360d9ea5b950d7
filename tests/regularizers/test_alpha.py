"""Strength per layer and over the steps."""

from __future__ import annotations

import math

import pytest

from graphssl.errors import ConfigError
from graphssl.regularizers import WERank
from graphssl.regularizers.alpha import alpha_factor, alpha_per_layer

LAYERS = ["encoder.convs.0.lin", "encoder.convs.1.lin", "predictor.0"]


def test_a_number_goes_to_every_layer():
    assert alpha_per_layer(0.5, LAYERS) == dict.fromkeys(LAYERS, 0.5)


def test_the_first_pattern_that_fits_counts_and_the_rest_is_left_out():
    alpha = {"encoder.convs.0*": 1.0, "encoder.*": 0.1}
    assert alpha_per_layer(alpha, LAYERS) == {LAYERS[0]: 1.0, LAYERS[1]: 0.1}


def test_a_pattern_fits_a_whole_name():
    names = ["predictor.0", "encoder.predictor.0", "predictor.0.more"]
    assert alpha_per_layer({"predictor.0": 1.0}, names) == {"predictor.0": 1.0}
    assert list(alpha_per_layer({"predictor*": 1.0}, names)) == [names[0], names[2]]


def test_a_pattern_that_fits_nothing_lists_the_layers():
    with pytest.raises(ConfigError, match=r"'decoder\.\*' matches no layer.*predictor\.0"):
        alpha_per_layer({"decoder.*": 1.0}, LAYERS)


@pytest.mark.parametrize("bad", [-1e-3, float("nan"), float("inf"), "much", True, None])
def test_bad_alpha_is_named(bad):
    with pytest.raises(ConfigError, match=f"alpha must be a finite number.*{bad!r}"):
        WERank(alpha=bad)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1.0, 1.0, 1.0, 1.0, 1.0]),
        ("warmup", [0.0, 0.5, 1.0, 1.0, 1.0]),
        ("cosine", [1.0, 0.5, 0.0, 0.0, 0.0]),
    ],
)
def test_schedules_over_half_a_run(schedule, expected):
    values = [alpha_factor(schedule, step, total=40, steps=20) for step in range(0, 41, 10)]
    assert values == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("schedule", ["warmup", "cosine"])
def test_a_schedule_ends_at_its_length_and_not_a_step_before(schedule):
    expected = {"warmup": 0.75, "cosine": (1 + math.cos(0.75 * math.pi)) / 2}[schedule]
    assert alpha_factor(schedule, 3, total=9, steps=4) == pytest.approx(expected)


def test_without_a_length_a_schedule_takes_the_run():
    assert alpha_factor("warmup", 10, total=40) == 0.25


def test_a_schedule_longer_than_the_run():
    with pytest.raises(ConfigError, match=r"schedule_steps must be at most .* 40 .* got 41"):
        alpha_factor("warmup", 0, total=40, steps=41)
