import torch
from augmentation_graphs import generator, graphs, random_graph, seeds, within_binomial_bounds
from hypothesis import given
from hypothesis import strategies as st

from graphssl.augmentation.drop_edges import DropEdges, drop_edges, node_pairs
from graphssl.graph import Graph

BIG = random_graph(0, 3_000, 20_000, 1)
# Every edge once forward and once backward, so that edge e and edge e + E are one pair.
FORWARD, BACKWARD = torch.arange(2 * 20_000).chunk(2)
SYMMETRIC = Graph(BIG.x, torch.cat([BIG.edge_index, BIG.edge_index.flip(0)], 1))


def by_pair(graph, mask):
    """{u, v} -> the set of what its edges drew."""
    drawn = {}
    for (u, v), kept in zip(graph.edge_index.T.tolist(), mask.tolist(), strict=True):
        drawn.setdefault(frozenset((u, v)), set()).add(kept)
    return drawn


@given(seed=seeds, p=st.floats(0.001, 0.999))
def test_drop_rate(seed, p):
    mask = drop_edges(BIG.view(), p, generator(seed)).edge_mask
    assert within_binomial_bounds(int((~mask).sum()), mask.numel(), p)


@given(graph=graphs, seed=seeds, p=st.floats(0.01, 0.99))
def test_undirected_keeps_or_drops_all_edges_of_a_pair(graph, seed, p):
    drawn = by_pair(graph, DropEdges(p, undirected=True)(graph.view(), generator(seed)).edge_mask)
    assert all(len(kept) == 1 for kept in drawn.values())
    assert node_pairs(graph)[1] == len(drawn)


@given(seed=seeds, p=st.floats(0.05, 0.95))
def test_undirected_drop_rate_is_over_pairs(seed, p):
    mask = drop_edges(SYMMETRIC.view(), p, generator(seed), undirected=True).edge_mask
    pair_of_edge, num_pairs = node_pairs(SYMMETRIC)
    kept = torch.zeros(num_pairs, dtype=torch.bool)
    kept[pair_of_edge] = mask
    assert within_binomial_bounds(int((~kept).sum()), num_pairs, p)


@given(seed=seeds, p=st.floats(0.05, 0.95))
def test_by_default_the_two_directions_are_independent(seed, p):
    mask = drop_edges(SYMMETRIC.view(), p, generator(seed)).edge_mask
    split = mask[FORWARD] != mask[BACKWARD]
    assert within_binomial_bounds(int(split.sum()), split.numel(), 2 * p * (1 - p))


def test_features_stay():
    assert DropEdges(0.5)(BIG.view(), generator()).feature_mask is None


def test_pairs_of_a_large_graph_do_not_overflow():
    n = 3_000_000_000  # n * n just fits an int64
    edge_index = torch.tensor([[n - 1, n - 2, 0], [n - 2, n - 1, n - 1]])
    graph = Graph(torch.empty(1).expand(n, 1), edge_index)
    pair, count = node_pairs(graph)
    assert count == 2
    assert pair[0] == pair[1] != pair[2]
