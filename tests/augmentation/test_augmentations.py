"""What holds for every augmentation."""

import pytest
import torch
from augmentation_graphs import generator, graphs, random_graph, seeds
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from graphssl.augmentation.by_centrality import DropEdgesByCentrality, MaskFeaturesByCentrality
from graphssl.augmentation.centrality import Degree, Eigenvector, PageRank
from graphssl.augmentation.drop_edges import DropEdges
from graphssl.augmentation.drop_nodes import DropNodes
from graphssl.augmentation.mask_features import MaskFeatures
from graphssl.errors import ConfigError

MAKE = {
    "features": MaskFeatures,
    "edges": DropEdges,
    "edges_undirected": lambda p: DropEdges(p, undirected=True),
    "nodes": DropNodes,
    "features_degree": lambda p: MaskFeaturesByCentrality(p, Degree(), dense=True),
    "features_pagerank": lambda p: MaskFeaturesByCentrality(p, PageRank(iterations=5), dense=True),
    "edges_degree": lambda p: DropEdgesByCentrality(p, Degree()),
    "edges_evc_undirected": lambda p: DropEdgesByCentrality(
        p, Eigenvector(iterations=5), undirected=True
    ),
}
every = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE.keys())


def masks(view):
    return [m for m in (view.feature_mask, view.edge_mask) if m is not None]


def same(a, b):
    return all(torch.equal(m, n) for m, n in zip(masks(a), masks(b), strict=True))


@every
@given(graph=graphs, seed=seeds, p=st.floats(0.01, 0.99))
def test_hides_and_never_shows_again(make, graph, seed, p):
    g = generator(seed)
    before = (
        graph.view()
        .keep_features(torch.rand(graph.num_features, generator=g) >= 0.5)
        .keep_edges(torch.rand(graph.num_edges, generator=g) >= 0.5)
    )
    after = make(p)(before, g)
    assert after.graph is graph
    assert not (after.feature_mask & ~before.feature_mask).any()
    assert not (after.edge_mask & ~before.edge_mask).any()
    assert after.feature_mask.dtype == after.edge_mask.dtype == torch.bool


@every
@given(graph=graphs, seed=seeds)
def test_a_generator_in_the_same_state_gives_the_same_view(make, graph, seed):
    assert same(make(0.4)(graph.view(), generator(seed)), make(0.4)(graph.view(), generator(seed)))


@every
def test_two_draws_differ(make):
    view, g = random_graph(0, 50, 400, 300).view(), generator()
    assert not same(make(0.4)(view, g), make(0.4)(view, g))


@every
def test_torchs_global_stream_is_neither_read_nor_moved(make):
    view = random_graph(0, 20, 60, 30).view()
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = make(0.4)(view, generator())
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert same(first, make(0.4)(view, generator()))


@every
def test_probability_zero_makes_no_mask_and_draws_nothing(make):
    view, g = random_graph(0, 5, 9, 3).view(), generator()
    state = g.get_state()
    assert make(0.0)(view, g) is view
    assert torch.equal(g.get_state(), state)


@every
@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, float("nan"), "half", None])
def test_a_probability_outside_0_1_is_refused_by_name(make, p):
    with pytest.raises(ConfigError, match=rf"\w+\.p must .* below 1, got {p!r}$"):
        make(p)


class StaticShapes(TorchDispatchMode):
    """Refuses what makes a GPU wait for the host, which no CUDA graph can capture."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        assert name not in {"_local_scalar_dense", "nonzero", "masked_select", "bincount"}
        assert "unique" not in name
        if name == "index":
            assert all(i is None or i.dtype == torch.int64 for i in args[1])
        return func(*args, **(kwargs or {}))


@every
def test_after_the_first_call_nothing_waits_for_the_device(make):
    view, g = random_graph(0, 20, 60, 30).view(), generator()
    make(0.4)(view, g)
    with StaticShapes():
        make(0.4)(view, g)


@every
def test_a_graph_without_edges_goes_through(make):
    view = make(0.4)(random_graph(0, 4, 0, 3).view(), generator())
    assert view.edge_index.shape == (2, 0)
    assert view.x.isfinite().all()
