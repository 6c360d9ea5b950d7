"""Each centrality against the linear algebra that defines it, on dense matrices."""

import numpy as np
import pytest
import torch
from augmentation_graphs import graphs, seeds
from hypothesis import given, settings
from hypothesis import strategies as st

from graphssl.augmentation.centrality import (
    Degree,
    Eigenvector,
    PageRank,
    degree,
    eigenvector,
)
from graphssl.errors import ConfigError
from graphssl.graph import Graph


def adjacency(graph):
    """A[u, v] = number of edges u -> v."""
    A = np.zeros((graph.num_nodes, graph.num_nodes))
    np.add.at(A, tuple(graph.edge_index.numpy()), 1.0)
    return A


def connected(seed, num_nodes=9):
    """Both directions of a random tree and some edges more."""
    rng = np.random.default_rng(seed)
    child = np.arange(1, num_nodes)
    edges = np.hstack([[child, rng.integers(0, child)], rng.integers(0, num_nodes, (2, num_nodes))])
    edges = edges[:, edges[0] != edges[1]]
    both = np.unique(np.hstack([edges, edges[::-1]]), axis=1)
    return Graph(torch.ones(num_nodes, 1), torch.from_numpy(both))


@given(graph=graphs)
def test_degree_counts_the_edges_that_point_at_a_node(graph):
    np.testing.assert_array_equal(Degree()(graph).numpy(), adjacency(graph).sum(0))


@settings(max_examples=50)
@given(graph=graphs, damping=st.sampled_from([0.0, 0.2, 0.85]), iterations=st.integers(1, 30))
def test_pagerank_approaches_the_solution_of_its_equation(graph, damping, iterations):
    A, n = adjacency(graph), graph.num_nodes
    out = A.sum(1)
    P = np.where(out[:, None] > 0, A / np.maximum(out, 1)[:, None], 1 / n)
    expected = np.linalg.solve(np.eye(n) - damping * P.T, np.full(n, 1 - damping))
    rank = PageRank(damping, iterations)(graph).numpy()
    assert np.abs(rank - expected).sum() <= 2 * n * damping**iterations + 1e-12
    assert rank.mean() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(20))
def test_eigenvector_is_the_leading_one(seed):
    graph = connected(seed)
    values, vectors = np.linalg.eigh(adjacency(graph))
    v = eigenvector(graph.edge_index, graph.num_nodes, 1000).numpy()
    np.testing.assert_allclose(v, np.abs(vectors[:, -1]), atol=1e-8)
    assert values[-1] == pytest.approx(v @ adjacency(graph) @ v)


def test_eigenvector_follows_edges_from_source_to_target():
    # 0 <-> 1 -> 2: A^T v = v with v = (1, 1, 1); A v = v would have 2 at zero.
    graph = Graph(torch.ones(3, 1), torch.tensor([[0, 1, 1], [1, 0, 2]]))
    v = Eigenvector(iterations=200)(graph)
    torch.testing.assert_close(v, torch.full((3,), 3**-0.5, dtype=v.dtype))


def test_nodes_that_the_eigenvector_does_not_reach_have_gcas_small_number():
    """Of a triangle and a lone pair, the triangle has the larger eigenvalue; GCA adds 1e-8."""
    edges = torch.tensor([[0, 1, 2, 1, 2, 0, 3, 4], [1, 2, 0, 0, 1, 2, 4, 3]])
    v = Eigenvector(iterations=500)(Graph(torch.ones(5, 1), edges))
    expected = torch.tensor([3**-0.5] * 3 + [0.0] * 2, dtype=v.dtype) + 1e-8
    torch.testing.assert_close(v, expected, rtol=1e-6, atol=0)


def test_a_bipartite_graph_does_not_swing():
    star = Graph(torch.ones(4, 1), torch.tensor([[0, 0, 0, 1, 2, 3], [1, 2, 3, 0, 0, 0]]))
    v = Eigenvector()(star)
    expected = torch.tensor([3**0.5, 1, 1, 1], dtype=v.dtype) / 6**0.5
    torch.testing.assert_close(v, expected)


@given(graph=graphs, seed=seeds)
@pytest.mark.parametrize(
    "centrality", [Degree(), PageRank(iterations=5), Eigenvector(iterations=5)]
)
def test_relabelled_nodes_keep_their_centrality(centrality, graph, seed):
    relabel = torch.randperm(graph.num_nodes, generator=torch.Generator().manual_seed(seed))
    moved = Graph(graph.x, relabel[graph.edge_index])
    torch.testing.assert_close(centrality(moved)[relabel], centrality(graph))


def test_degree_as_a_function_counts_isolated_nodes():
    assert degree(torch.tensor([[0], [1]]), 4).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("damping", [-0.1, 1.0])
def test_damping_outside_0_1_is_refused(damping):
    with pytest.raises(ConfigError, match=rf"^PageRank.damping must .* {damping}$"):
        PageRank(damping)


@pytest.mark.parametrize("centrality", [PageRank, Eigenvector])
def test_no_iterations_are_refused(centrality):
    with pytest.raises(ConfigError, match=rf"^{centrality.__name__}.iterations must .* 0$"):
        centrality(iterations=0)
