from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from graphssl.errors import ConfigError, DataError
from graphssl.probing.splits import (
    given_splits,
    one_split,
    random_splits,
    require_classes,
    require_validation,
)

SIZES = st.integers(20, 400)
SEEDS = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(SIZES, st.integers(1, 4), st.integers(0, 4), st.integers(1, 4), SEEDS)
def test_random_splits_are_disjoint_cover_and_have_the_stated_sizes(n, train, val, count, seed):
    splits = random_splits(n, train / 10, val / 10, count, seed)
    assert len(splits) == count
    for split in splits:
        assert np.array_equal(np.sort(np.concatenate(split)), np.arange(n))
        assert len(split.test) == -(-(10 - train - val) * n // 10)  # exact integer ceiling
        assert len(split.val) == val * n // 10


@settings(deadline=None)
@given(SIZES, SEEDS)
def test_a_seed_gives_its_splits_and_fewer_splits_are_the_first_of_more(n, seed):
    np.random.seed(n)  # noqa: NPY002 - the global stream must not matter
    five, two = random_splits(n, 0.1, 0.1, 5, seed), random_splits(n, 0.1, 0.1, 2, seed)
    for a, b in zip(five[:2], two, strict=True):
        assert all(map(np.array_equal, a, b))
    assert not np.array_equal(five[0].test, five[1].test)
    other = random_splits(n, 0.1, 0.1, 1, (seed + 1) % 2**32)
    assert not np.array_equal(other[0].test, five[0].test)


@settings(deadline=None)
@given(SIZES, st.sampled_from([0.1, 0.2]), SEEDS)
def test_splits_without_validation_are_those_of_the_official_code(n, ratio, seed):
    rng = np.random.RandomState(seed)
    for split in random_splits(n, ratio, 0, 3, seed):
        train, test = train_test_split(np.arange(n), test_size=1 - ratio, random_state=rng)
        assert np.array_equal(split.train, train)
        assert np.array_equal(split.test, test)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((100, 0.6, 0.5, 1, 0), "train_ratio=0.6 val_ratio=0.5"),
        ((100, 0.5, 0.5, 1, 0), "train_ratio=0.5 val_ratio=0.5"),
        ((100, 1.2, 0.0, 1, 0), "train_ratio=1.2"),
        ((100, 0.0, 0.5, 1, 0), "train_ratio=0.0"),
        ((100, 0.1, -0.1, 1, 0), "val_ratio=-0.1"),
        ((100, 0.1, 0.1, 10**9, 0), "num_splits must be .*, got 1000000000"),
        ((100, 0.1, 0.1, 0, 0), "num_splits must be a whole number from 1 to 10000, got 0"),
        ((100, 0.1, 0.1, 1, -1), "split_seed .* got -1"),
    ],
)
def test_impossible_arguments_are_named(arguments, named):
    with pytest.raises(ConfigError, match=named):
        random_splits(*arguments)


def test_a_graph_too_small_for_the_ratios_is_an_error():
    with pytest.raises(DataError, match=r"4 nodes are too few for train_ratio=0.1"):
        random_splits(4, 0.1, 0.1, 1, 0)


def test_given_splits_are_the_columns_of_the_masks(masked):
    splits = given_splits(masked, "public_split")
    assert len(splits) == 3
    for s, split in enumerate(splits):
        assert np.array_equal(np.sort(np.concatenate(split)), np.arange(600))
        assert masked.val_mask[split.val, s].all()


def test_no_masks_is_an_error_that_names_protocols_that_work(masked):
    with pytest.raises(DataError, match=r"public_split needs .* digits .* random_10_10_80"):
        given_splits(replace(masked, val_mask=None), "public_split")


def test_an_empty_part_is_an_error(masked):
    val_mask = masked.val_mask.clone()
    val_mask[:, 1] = False
    with pytest.raises(DataError, match="split 1 of digits has no val nodes"):
        given_splits(replace(masked, val_mask=val_mask), "public_split")


def test_a_class_missing_from_a_training_part_is_named_with_its_split(masked):
    splits = given_splits(masked, "public_split")
    assert require_classes(masked, splits) == splits
    y = masked.y.numpy()
    poor = splits[2]._replace(train=splits[2].train[y[splits[2].train] != 7])
    with pytest.raises(DataError, match=r"class 7 of digits has no node .* split 2"):
        require_classes(masked, [*splits[:2], poor])


def test_a_run_uses_one_split_that_its_seed_picks():
    splits = random_splits(50, 0.1, 0.1, 20, 0)
    assert [one_split(splits, seed)[0] for seed in (0, 3, 19, 20, 41)] == [0, 3, 19, 0, 1]
    assert one_split(splits, 23)[1] is splits[3]


def test_selection_needs_validation_nodes():
    require_validation(SimpleNamespace(name="public_split", has_validation=True))
    with pytest.raises(ConfigError, match="which bgrl_official does not have"):
        require_validation(SimpleNamespace(name="bgrl_official", has_validation=False))
