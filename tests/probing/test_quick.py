import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import normalize

from graphssl.contracts import Split
from graphssl.errors import DataError
from graphssl.probing.quick import RIDGE, quick_accuracy


def split_of(size: int) -> Split:
    order = np.random.default_rng(0).permutation(600)
    return Split(train=order[:size], val=order[300:400], test=order[400:])


@pytest.mark.parametrize("size", [30, 200])  # fewer and more nodes than dimensions
def test_it_is_ridge_regression_to_one_hot_labels(digits, size):
    x, y = digits
    split = split_of(size)
    rows = normalize(x).astype(np.float64)
    twin = Ridge(alpha=RIDGE * size).fit(rows[split.train], np.eye(10)[y[split.train]])
    expected = (twin.predict(rows[split.val]).argmax(1) == y[split.val]).mean()
    assert quick_accuracy(x, y, split) == expected > 0.7


def test_test_nodes_play_no_part(digits):
    x, y = (array.copy() for array in digits)
    split = split_of(200)
    before = quick_accuracy(x, y, split)
    x[split.test], y[split.test] = 0, 12
    assert quick_accuracy(x, y, split) == before


def test_it_needs_validation_nodes_and_finite_embeddings(digits):
    x, y = digits
    split = split_of(200)
    with pytest.raises(DataError, match="needs validation nodes"):
        quick_accuracy(x, y, split._replace(val=split.val[:0]))
    with pytest.raises(DataError, match="NaN"):
        quick_accuracy(np.where(np.eye(600, 40) > 0, np.nan, x), y, split)


@pytest.mark.parametrize("scale", [1e-30, 1e-7, 1e7, 1e30])
def test_it_does_not_depend_on_scale(digits, scale):
    x, y = digits
    split = split_of(200)
    scaled = (x.astype(np.float64) * scale).astype(np.float32)
    assert quick_accuracy(scaled, y, split) == quick_accuracy(x.astype(np.float32), y, split)
