"""GCA's weights against the formulas written out in NumPy."""

import numpy as np
import pytest
import torch
from augmentation_graphs import graphs, random_graph, seeds
from hypothesis import given
from hypothesis import strategies as st

from graphssl.augmentation.by_centrality import edge_drop_ratio, feature_drop_ratio
from graphssl.augmentation.centrality import Degree, Eigenvector, PageRank
from graphssl.augmentation.importance import (
    ROWS,
    drop_ratio,
    edge_importance,
    feature_importance,
)
from graphssl.errors import ConfigError
from graphssl.graph import Graph

every_centrality = pytest.mark.parametrize(
    "centrality", [Degree(), PageRank(iterations=5), Eigenvector(iterations=5)]
)


def permutation(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def gca_ratio(w):
    """``degree_drop_weights`` and its like in GCA's code, from ``w.log()`` on."""
    s = np.log(w)
    return (s.max() - s) / (s.max() - s.mean())


@given(w=st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=20))
def test_drop_ratio_formula(w):
    ratio = drop_ratio(torch.tensor(w, dtype=torch.float64)).numpy()
    if np.log(max(w)) - np.log(w).mean() > 1e-6:
        np.testing.assert_allclose(ratio, gca_ratio(np.array(w)), rtol=1e-6, atol=1e-6)
    assert ratio.mean() == pytest.approx(1.0)
    assert (ratio >= 0).all()


@given(w=st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=20), scale=st.floats(1e-3, 1e3))
def test_the_unit_of_importance_does_not_matter(w, scale):
    w = torch.tensor([*w, 1e7], dtype=torch.float64)
    torch.testing.assert_close(drop_ratio(scale * w), drop_ratio(w), rtol=1e-9, atol=1e-9)


def test_what_has_no_importance_goes_first_and_moves_no_other():
    w = torch.tensor([0.0, 3.0, 1.0, 0.0, 2.0], dtype=torch.float64)
    ratio = drop_ratio(w)
    assert ratio[[0, 3]].tolist() == [np.inf, np.inf]
    assert torch.equal(ratio[[1, 2, 4]], drop_ratio(w[[1, 2, 4]]))
    assert torch.equal(drop_ratio(0 * w), torch.ones_like(w))
    assert drop_ratio(torch.tensor([0.0, 5.0, 5.0])).tolist() == [np.inf, 1, 1]


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_a_centrality_that_is_none_is_refused(wrong):
    with pytest.raises(ConfigError, match="finite and not negative"):
        drop_ratio(torch.tensor([1.0, wrong]))


@pytest.mark.parametrize("noise", [0.0, 1e-13])
def test_equal_importances_are_dropped_alike(noise):
    for level in (0.3, 1.0, 300.0):
        w = level * (1 + noise * torch.rand(50, dtype=torch.float64))
        assert torch.equal(drop_ratio(w), torch.ones_like(w))


def test_edge_importance_is_that_of_the_target_or_the_mean_of_both_ends():
    edge_index, c = torch.tensor([[0, 1, 2], [1, 0, 2]]), torch.tensor([1.0, 5.0, 9.0])
    assert edge_importance(edge_index, c, undirected=False).tolist() == [5, 1, 9]
    assert edge_importance(edge_index, c, undirected=True).tolist() == [3, 3, 9]


@pytest.mark.parametrize("row_normalised", [False, True])
def test_features_that_are_not_0_count_centralities(row_normalised):
    rng = np.random.default_rng(0)
    x = (rng.random((2 * ROWS + 7, 5)) < 0.3).astype(np.float32)
    c = rng.random(len(x))
    expected = x.T.astype(np.float64) @ c
    if row_normalised:
        x = x / np.maximum(x.sum(1, keepdims=True), 1)
    x *= np.float32(7.0) ** rng.integers(-2, 3, x.shape)  # whatever they are
    w = feature_importance(torch.from_numpy(x), torch.from_numpy(c), dense=False)
    np.testing.assert_allclose(w.numpy(), expected)


def test_dense_features_weigh_centralities_by_magnitude():
    rng = np.random.default_rng(0)
    x, c = rng.standard_normal((ROWS + 3, 4)), rng.random(ROWS + 3)
    w = feature_importance(torch.from_numpy(x), torch.from_numpy(c), dense=True)
    np.testing.assert_allclose(w.numpy(), np.abs(x).T @ c)


def test_features_that_are_never_0_cannot_be_counted():
    with pytest.raises(ConfigError, match=r"dense=False.*recipe\.dense_features=true"):
        feature_importance(torch.ones(3, 2), torch.ones(3), dense=False)


@every_centrality
@given(graph=graphs, seed=seeds, undirected=st.booleans())
def test_edge_ratios_do_not_depend_on_the_order_of_nodes_or_edges(
    centrality, graph, seed, undirected
):
    nodes, edges = permutation(graph.num_nodes, seed), permutation(graph.num_edges, seed)
    moved = Graph(graph.x, nodes[graph.edge_index][:, edges])
    torch.testing.assert_close(
        edge_drop_ratio(moved, centrality, undirected),
        edge_drop_ratio(graph, centrality, undirected)[edges],
    )


@every_centrality
@given(graph=graphs, seed=seeds)
def test_feature_ratios_do_not_depend_on_the_order_of_nodes_and_follow_features(
    centrality, graph, seed
):
    dense = bool((graph.x != 0).all())
    nodes, columns = permutation(graph.num_nodes, seed), permutation(graph.num_features, seed)
    x = torch.empty_like(graph.x)
    x[nodes] = graph.x[:, columns]
    moved = Graph(x, nodes[graph.edge_index])
    torch.testing.assert_close(
        feature_drop_ratio(moved, centrality, dense),
        feature_drop_ratio(graph, centrality, dense)[columns],
    )


@given(graph=graphs)
def test_undirected_ratios_are_the_same_both_ways(graph):
    reversed_too = Graph(graph.x, torch.cat([graph.edge_index, graph.edge_index.flip(0)], 1))
    there, back = edge_drop_ratio(reversed_too, PageRank(iterations=5), True).chunk(2)
    assert torch.equal(there, back)


def test_no_edges_have_no_ratios():
    assert edge_drop_ratio(random_graph(0, 3, 0, 2), Degree(), False).shape == (0,)
