from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphssl.data.low_rank import LowRankDataset, low_rank_features
from graphssl.errors import ConfigError

NOWHERE = Path("not-touched")


def low_rank(**changes) -> LowRankDataset:
    options = {"num_nodes": 300, "num_features": 24, "rank": 6}
    return LowRankDataset(**{**options, **changes})


@settings(max_examples=30, deadline=None)
@given(rank=st.integers(1, 24), seed=st.integers(0, 1000))
def test_without_noise_the_rank_is_exactly_that_asked_for(rank: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((40, rank))
    x = low_rank_features(factors, 24, 0.0, rng)
    assert np.linalg.matrix_rank(x) == rank
    # laid isometrically: the singular values are those of the factors
    found = np.linalg.svd(x, compute_uv=False)[:rank]
    np.testing.assert_allclose(found, np.linalg.svd(factors, compute_uv=False), rtol=1e-10)


@pytest.mark.parametrize("rank", [1, 6, 24])
def test_the_dataset_has_that_rank_in_float32(rank: int) -> None:
    x = low_rank(rank=rank, num_classes=2).load(NOWHERE).graph.x
    s = np.linalg.svd(x.double().numpy(), compute_uv=False)
    assert (s > 1e-5 * s[0]).sum() == rank


def test_noise_fills_the_other_dimensions_with_its_own_length() -> None:
    clean, noisy = (low_rank(noise=noise).load(NOWHERE).graph.x for noise in (0.0, 0.1))
    assert torch.linalg.matrix_rank(noisy) == 24
    lengths = torch.linalg.vector_norm(noisy - clean, dim=1)
    assert lengths.mean() == pytest.approx(0.1, rel=0.05)
    assert torch.linalg.vector_norm(clean, dim=1).square().mean() == pytest.approx(1, rel=0.1)


def test_classes_are_balanced_and_told_by_a_linear_map() -> None:
    data = low_rank(num_classes=4).load(NOWHERE)
    assert data.num_classes == 4
    assert torch.bincount(data.y, minlength=4).min() > 300 / 4 / 2
    x, bits = data.graph.x.double(), torch.stack([data.y % 2, data.y // 2], 1).double()
    weights = torch.linalg.lstsq(x, 2 * bits - 1, driver="gelsd").solution
    assert ((x @ weights > 0) == (bits > 0)).double().mean() > 0.9


def test_edges_are_self_loops_alone() -> None:
    row, column = low_rank().load(NOWHERE).graph.edge_index
    assert torch.equal(row, column)
    assert torch.equal(row, torch.arange(300))


def test_a_seed_gives_one_dataset() -> None:
    first, same, other = (low_rank(seed=seed).load(NOWHERE) for seed in (3, 3, 4))
    assert torch.equal(first.graph.x, same.graph.x)
    assert torch.equal(first.y, same.y)
    assert not torch.equal(first.graph.x, other.graph.x)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rank": 0}, "rank=0"),
        ({"rank": 25}, r"rank=25 is not in 1\.\.24"),
        ({"num_nodes": 6}, r"rank=6 is not in 1\.\.5"),
        ({"num_classes": 3}, "num_classes=3"),
        ({"num_classes": 1}, "num_classes=1"),
        ({"num_classes": 128}, "num_classes=128"),
        ({"noise": -0.1}, "noise must be .* got -0.1"),
        ({"noise": float("nan")}, "noise must be .* got nan"),
    ],
)
def test_impossible_options(changes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        low_rank(**changes)
