import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from graphssl.report.tables.cell import Cell
from graphssl.report.tables.statistics import compare, holm, signed_rank_p, with_holm

A = {0: 75.0, 1: 76.0, 2: 74.0, 3: 79.0, 4: 73.0, 5: 79.0, 9: 1.0}
B = {0: 70.0, 1: 72.0, 2: 71.0, 3: 74.0, 4: 69.0, 5: 73.0, 8: 99.0}


def test_paired_t_by_hand():
    # differences 5, 4, 3, 5, 4, 6: mean 4.5, s^2 = 5.5 / 5, error = sqrt(1.1 / 6)
    found = compare(A, B)
    assert found.seeds == 6
    assert found.difference == pytest.approx(4.5)
    t_5 = 2.570581836  # 97.5 % quantile, five degrees of freedom, from a table
    assert found.high - found.low == pytest.approx(2 * t_5 * math.sqrt(1.1 / 6), rel=1e-8)
    assert found.p == pytest.approx(stats.ttest_rel([*A.values()][:6], [*B.values()][:6]).pvalue)


def test_wilcoxon_from_six_seeds_on():
    assert compare(A, B).p_wilcoxon == pytest.approx(2 / 64)
    five = {seed: B[seed] for seed in range(5)}
    assert compare(A, five).p_wilcoxon is None


def test_one_common_seed_compares_nothing():
    assert compare({0: 1.0, 1: 2.0}, {1: 1.0, 2: 2.0}) is None


def test_equal_and_constant_differences():
    same = compare({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0})
    assert (same.p, same.low, same.high) == (1.0, 0.0, 0.0)
    assert compare({0: 2.0, 1: 3.0}, {0: 1.0, 1: 2.0}).p == 0.0


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8))
def test_signed_rank_is_the_share_of_all_sign_flips(differences):
    """The twin flips every sign by hand, ties and zeros among them."""
    d = np.array([x for x in differences if x != 0], dtype=float)
    ranks = stats.rankdata(np.abs(d))
    centre = ranks.sum() / 2
    observed = abs(ranks[d > 0].sum() - centre)
    flips = itertools.product((0, 1), repeat=len(d))
    extreme = [abs(np.dot(flip, ranks) - centre) >= observed - 1e-9 for flip in flips]
    assert signed_rank_p(differences) == pytest.approx(np.mean(extreme))


def test_signed_rank_equals_scipy_without_ties():
    d = [1.0, -2.0, 3.0, 4.0, -5.5, 6.0, 7.0, 8.0, 9.0]
    assert signed_rank_p(d) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.04: 0.04, 0.06, max(0.06, 0.06), max(0.06, 0.04)
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_family_leaves_out_what_was_not_tested():
    pair = compare(A, B)
    found = with_holm([pair, None])
    assert found[1] is None
    assert found[0].p_holm == pytest.approx(pair.p)


def test_spread_by_cause_by_hand():
    cell = Cell({0: (70.0, 80.0), 1: (72.0, 82.0), 2: (74.0, 84.0)})
    assert cell.mean == pytest.approx(77.0)
    assert cell.seed_std == pytest.approx(2.0)  # means 75, 77, 79
    assert cell.split_std == pytest.approx(math.sqrt(50))  # means 72, 82
    assert cell.std == pytest.approx(np.std([70, 80, 72, 82, 74, 84], ddof=1))


def test_spread_cannot_be_told_apart():
    assert Cell({0: (70.0,), 1: (72.0,)}, own_split=True).split_std is None
    assert Cell({0: (70.0, 71.0), 1: (72.0,)}).split_std is None
    assert Cell({0: (70.0,)}).std is None
