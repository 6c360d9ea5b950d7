"""Measures of rank on spectra whose answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphssl.diagnostics.rank import (
    condition_number,
    effective_rank,
    numerical_rank,
    participation_ratio,
    power_law_exponent,
    rankme,
    spread,
)

D = 64
ENTROPIES = [effective_rank, participation_ratio, lambda s: rankme(s, eps=0.0)]


@pytest.mark.parametrize("measure", [*ENTROPIES, numerical_rank])
def test_equal_values_give_d_and_rank_one_gives_one(measure):
    assert measure(3.0 * np.ones(D)) == pytest.approx(D, rel=1e-12)
    assert measure(np.eye(D)[0] * 5.0) == pytest.approx(1.0, rel=1e-12)
    assert measure(np.zeros(D)) == 0.0


def test_the_epsilon_of_rankme_counts_every_dimension():
    eps = 1e-7
    p = np.eye(D)[0] + eps
    assert rankme(np.eye(D)[0]) == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-14)
    assert 1.0 < rankme(np.eye(D)[0]) < 1.001


def test_geometric_spectrum_in_closed_form():
    """s_k = r^k without end: p_k = (1-r) r^k, whose entropy is -log(1-r) - r log(r) / (1-r)."""
    r = 0.6
    s = r ** np.arange(200)
    entropy = -math.log(1 - r) - r * math.log(r) / (1 - r)
    assert effective_rank(s) == pytest.approx(math.exp(entropy), rel=1e-12)
    # (sum r^2k)^2 / sum r^4k
    assert participation_ratio(s) == pytest.approx((1 + r**2) / (1 - r**2), rel=1e-12)
    # r^k > 1e-5 for k up to log(1e-5) / log(r) = 22.5
    assert numerical_rank(s) == 23
    assert condition_number(s[:5]) == pytest.approx(r**-4)
    assert spread(s[:5]) == pytest.approx(r**4)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.5])
def test_power_law_is_found_again(alpha):
    k = np.arange(1, 201)
    s = k ** (-alpha / 2)
    s[:3] = 7.0  # in front of the fit's first rank
    assert power_law_exponent(s) == pytest.approx(alpha, rel=1e-12)
    s[100:] = 1e-9  # behind its last
    assert power_law_exponent(s) == pytest.approx(alpha, rel=1e-12)


def test_power_law_fit_is_the_weighted_least_squares_of_polyfit():
    s = np.sort(np.random.default_rng(0).uniform(size=150))[::-1]
    k = np.arange(4, 101)
    slope = np.polyfit(np.log(k), np.log(s[3:100] ** 2), 1, w=np.sqrt(1 / k))[0]
    assert power_law_exponent(s) == pytest.approx(-slope, rel=1e-9)


def test_measures_without_a_value():
    assert math.isnan(power_law_exponent(np.array([3.0, 2.0, 1.0, 0.5, 0.2])))
    assert condition_number(np.array([1.0, 0.0])) == math.inf
    assert spread(np.zeros(3)) == 0.0


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20), st.floats(1e-6, 1e6))
def test_between_one_and_d_whatever_the_scale(values, scale):
    s = np.sort(np.array(values))[::-1]
    for measure in ENTROPIES:
        assert 1 - 1e-9 <= measure(s) <= len(s) + 1e-9
        assert measure(scale * s) == pytest.approx(measure(s), rel=1e-9)
