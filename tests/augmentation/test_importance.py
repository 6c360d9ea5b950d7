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
from graphssl.graph import Graph

every_centrality = pytest.mark.parametrize(
    "centrality", [Degree(), PageRank(iterations=5), Eigenvector(iterations=5)]
)


def permutation(n, seed):
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


@given(w=st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_drop_ratio_formula(w):
    ratio = drop_ratio(torch.tensor(w, dtype=torch.float64)).numpy()
    s = np.log(np.array(w) + 1)
    if s.max() - s.mean() > 1e-6:
        np.testing.assert_allclose(ratio, (s.max() - s) / (s.max() - s.mean()), atol=1e-6)
    assert ratio.mean() == pytest.approx(1.0)
    assert (ratio >= 0).all()


@pytest.mark.parametrize("noise", [0.0, 1e-13])
def test_equal_importances_are_dropped_alike(noise):
    w = 0.3 + noise * torch.rand(50, dtype=torch.float64)
    assert torch.equal(drop_ratio(w), torch.ones_like(w))


def test_edge_importance_is_that_of_the_target_or_the_mean_of_both_ends():
    edge_index, c = torch.tensor([[0, 1, 2], [1, 0, 2]]), torch.tensor([1.0, 5.0, 9.0])
    assert edge_importance(edge_index, c, undirected=False).tolist() == [5, 1, 9]
    assert edge_importance(edge_index, c, undirected=True).tolist() == [3, 3, 9]


@pytest.mark.parametrize("row_normalised", [False, True])
def test_sparse_features_count_centralities(row_normalised):
    rng = np.random.default_rng(0)
    x = (rng.random((2 * ROWS + 7, 5)) < 0.3).astype(np.float32)
    c = rng.random(len(x))
    expected = x.T.astype(np.float64) @ c
    if row_normalised:
        x = x / np.maximum(x.sum(1, keepdims=True), 1)
    w = feature_importance(torch.from_numpy(x), torch.from_numpy(c))
    np.testing.assert_allclose(w.numpy(), expected)


def test_dense_features_weigh_centralities_by_magnitude():
    rng = np.random.default_rng(0)
    x, c = rng.standard_normal((ROWS + 3, 4)), rng.random(ROWS + 3)
    w = feature_importance(torch.from_numpy(x), torch.from_numpy(c))
    np.testing.assert_allclose(w.numpy(), np.abs(x).T @ c)


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
    nodes, columns = permutation(graph.num_nodes, seed), permutation(graph.num_features, seed)
    x = torch.empty_like(graph.x)
    x[nodes] = graph.x[:, columns]
    moved = Graph(x, nodes[graph.edge_index])
    torch.testing.assert_close(
        feature_drop_ratio(moved, centrality), feature_drop_ratio(graph, centrality)[columns]
    )


@given(graph=graphs)
def test_undirected_ratios_are_the_same_both_ways(graph):
    reversed_too = Graph(graph.x, torch.cat([graph.edge_index, graph.edge_index.flip(0)], 1))
    there, back = edge_drop_ratio(reversed_too, PageRank(iterations=5), True).chunk(2)
    assert torch.equal(there, back)


def test_no_edges_have_no_ratios():
    assert edge_drop_ratio(random_graph(0, 3, 0, 2), Degree(), False).shape == (0,)
