from __future__ import annotations

from itertools import combinations
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from graphssl.data.block_model import _triangle, balanced_labels, block_model_edges
from graphssl.data.synthetic import CSBMDataset, SBMDataset
from graphssl.errors import ConfigError

NOWHERE = Path("not-touched")


def sbm(**changes) -> SBMDataset:
    options = {
        "num_nodes": 1001,
        "num_classes": 4,
        "average_degree": 12.0,
        "homophily": 0.7,
        "num_features": 16,
        "feature_signal": 0.5,
    }
    return SBMDataset(**{**options, **changes})


def csbm(**changes) -> CSBMDataset:
    options = {"num_nodes": 2000, "num_features": 400, "average_degree": 9.0, "lam": 2.0, "mu": 3.0}
    return CSBMDataset(**{**options, **changes})


def edge_counts(edges: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(C, C) undirected edges between blocks, by brute force over the edges."""
    classes = int(y.max()) + 1
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (y[edges[0]], y[edges[1]]), 1)
    return counts - np.diag(np.diag(counts)) // 2


@pytest.mark.parametrize("dataset", [sbm(), csbm(), csbm(lam=-1.0)])
def test_block_densities_are_within_binomial_bounds(dataset) -> None:
    loaded = dataset.load(NOWHERE)
    y = loaded.y.numpy()
    counts, sizes = edge_counts(loaded.graph.edge_index.numpy(), y), np.bincount(y)
    for a in range(len(sizes)):
        for b in range(a, len(sizes)):
            pairs = sizes[a] * (sizes[a] - 1) // 2 if a == b else sizes[a] * sizes[b]
            low, high = binom.interval(1 - 1e-6, pairs, dataset.probabilities[a, b])
            assert low <= counts[a, b] <= high, (a, b)


def test_degree_homophily_and_class_balance_are_those_asked_for() -> None:
    loaded = sbm(num_nodes=4000).load(NOWHERE)
    row, column = loaded.graph.edge_index
    assert loaded.graph.num_edges / 4000 == pytest.approx(12, rel=0.03)
    assert (loaded.y[row] == loaded.y[column]).float().mean() == pytest.approx(0.7, abs=0.02)
    assert torch.bincount(sbm().load(NOWHERE).y).tolist() == [251, 250, 250, 250]


@pytest.mark.parametrize("dataset", [sbm(), csbm()])
def test_edges_are_simple_and_symmetric(dataset) -> None:
    row, column = dataset.load(NOWHERE).graph.edge_index.tolist()
    edges = set(zip(row, column, strict=True))
    assert len(edges) == len(row)
    assert all(i != j and (j, i) in edges for i, j in edges)


@pytest.mark.parametrize("make", [sbm, csbm])
def test_a_seed_gives_one_graph(make) -> None:
    first, same, other = (make(seed=seed).load(NOWHERE) for seed in (3, 3, 4))
    assert torch.equal(first.graph.x, same.graph.x)
    assert torch.equal(first.graph.edge_index, same.graph.edge_index)
    assert torch.equal(first.y, same.y)
    assert not torch.equal(first.y, other.y)


def test_every_pair_of_nodes_is_as_likely() -> None:
    """Pairs of one block over many draws: chi-squared against a constant probability."""
    rng, draws, nodes, p = np.random.default_rng(0), 3000, 7, 0.4
    hits = np.zeros((nodes, nodes))
    for _ in range(draws):
        edges = block_model_edges(np.zeros(nodes, dtype=np.int64), np.array([[p]]), rng)
        hits[edges[0], edges[1]] += 1
    pairs = np.array([hits[pair] for pair in combinations(range(nodes), 2)])
    statistic = ((pairs - draws * p) ** 2 / (draws * p * (1 - p))).sum()
    assert chi2.ppf(1e-5, len(pairs)) < statistic < chi2.ppf(1 - 1e-5, len(pairs))


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certain_and_impossible_edges(p: float) -> None:
    y = balanced_labels(9, 2, np.random.default_rng(0))
    edges = block_model_edges(y, np.full((2, 2), p), np.random.default_rng(0))
    assert edges.shape == (2, 72 if p else 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**13))
def test_triangle_numbers_are_decoded_exactly(pair: int) -> None:
    ((row,), (column,)) = _triangle(np.array([pair]))
    assert 0 <= column < row
    assert int(row) * (int(row) - 1) // 2 + int(column) == pair


def test_triangle_enumerates_every_pair() -> None:
    row, column = _triangle(np.arange(45))
    expected = {(i, j) for i in range(10) for j in range(i)}
    assert set(zip(row.tolist(), column.tolist(), strict=True)) == expected


def test_csbm_features_carry_the_signal_of_the_paper() -> None:
    """Along the labels the features hold sqrt(mu) |u|, everywhere else noise of length 1."""
    mu, nodes = 40.0, 2000
    loaded = csbm(mu=mu).load(NOWHERE)
    x, v = loaded.graph.x.numpy(), 2 * loaded.y.numpy() - 1
    noise = np.linalg.norm(x, axis=1).mean()
    assert noise == pytest.approx(sqrt(1 + mu / nodes), rel=0.01)
    # v^T x / sqrt(N) = sqrt(mu) u + z, with |u| and |z| about 1
    assert np.linalg.norm(v @ x / sqrt(nodes)) == pytest.approx(sqrt(mu + 1), rel=0.15)
    none = csbm(mu=0.0).load(NOWHERE)
    along = (2 * none.y.numpy() - 1) @ none.graph.x.numpy() / sqrt(nodes)
    assert np.linalg.norm(along) == pytest.approx(1, rel=0.15)


def test_memory_and_time_grow_with_edges_not_with_pairs() -> None:
    # 200,000 nodes are 2e10 pairs: an N x N array of bits alone would take 5 GB
    loaded = sbm(num_nodes=200_000, average_degree=2.0, num_features=2).load(NOWHERE)
    assert loaded.graph.num_edges == pytest.approx(400_000, rel=0.02)


@pytest.mark.parametrize(
    ("make", "changes", "message"),
    [
        (sbm, {"average_degree": 2000.0}, "not in"),
        (sbm, {"homophily": 1.2}, "edge probabilities"),
        (sbm, {"num_classes": 1}, "num_classes=1"),
        (sbm, {"num_features": 0}, "num_features must be .* got 0"),
        (csbm, {"lam": 3.1}, r"lam=3\.1 is above"),
        (csbm, {"average_degree": 0.0}, "average_degree=0"),
        (csbm, {"mu": -1.0}, "mu must be .* got -1"),
        (csbm, {"num_nodes": 0}, "num_nodes must be .* got 0"),
    ],
)
def test_impossible_options(make, changes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**changes)
