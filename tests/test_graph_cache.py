import gc
import weakref

import torch
from augmentation_graphs import random_graph

from graphssl.augmentation.centrality import PageRank
from graphssl.graph_cache import once_per


def test_computes_once_for_each_graph_and_value_of_the_arguments():
    calls = []

    @once_per
    def compute(graph, *args):
        calls.append(args)
        return torch.ones(3)

    a, b = random_graph(0, 3, 4, 2), random_graph(0, 3, 4, 2)
    assert compute(a, PageRank()) is compute(a, PageRank())
    assert compute(a, PageRank()) is not compute(b, PageRank())
    compute(a, PageRank(damping=0.5))
    assert calls == [(PageRank(),), (PageRank(),), (PageRank(0.5),)]


def test_a_result_goes_with_its_graph():
    @once_per
    def compute(graph):
        return torch.ones(3)

    graph = random_graph(0, 3, 4, 2)
    result, owner = weakref.ref(compute(graph)), weakref.ref(graph)
    gc.collect()
    assert result() is not None
    del graph
    gc.collect()
    assert owner() is None
    assert result() is None
