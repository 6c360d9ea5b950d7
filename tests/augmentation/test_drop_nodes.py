import torch
from augmentation_graphs import generator, graphs, random_graph, seeds, within_binomial_bounds
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.utils import subgraph

from graphssl.augmentation.drop_nodes import drop_nodes
from graphssl.graph import Graph

RING = torch.arange(20_000)
LOOPS = Graph(torch.ones(20_000, 1), torch.stack([RING, RING]))


@given(seed=seeds, p=st.floats(0.001, 0.999))
def test_drop_rate_seen_in_self_loops(seed, p):
    mask = drop_nodes(LOOPS.view(), p, generator(seed)).edge_mask
    assert within_binomial_bounds(int((~mask).sum()), mask.numel(), p)


@given(graph=graphs, seed=seeds, p=st.floats(0.01, 0.99))
def test_the_edges_left_are_pygs_subgraph_of_the_nodes_left(graph, seed, p):
    view = drop_nodes(graph.view(), p, generator(seed))
    kept = torch.rand(graph.num_nodes, generator=generator(seed)) >= p
    expected, _ = subgraph(kept, graph.edge_index, num_nodes=graph.num_nodes)
    assert torch.equal(view.edge_index, expected)


def test_rows_stay():
    graph = random_graph(0, 10, 20, 3)
    assert drop_nodes(graph.view(), 0.9, generator()).x is graph.x
