from dataclasses import dataclass

import pytest
import torch
from augmentation_graphs import generator, graphs, random_graph, seeds
from hypothesis import given
from hypothesis import strategies as st

from graphssl.augmentation.by_centrality import DropEdgesByCentrality
from graphssl.augmentation.centrality import Degree
from graphssl.augmentation.drop_edges import DropEdges
from graphssl.augmentation.drop_nodes import DropNodes
from graphssl.augmentation.mask_features import MaskFeatures
from graphssl.augmentation.two_views import TwoViews
from graphssl.errors import ConfigError


@given(graph=graphs, seed=seeds)
def test_a_view_is_the_intersection_of_what_its_augmentations_keep(graph, seed):
    chain = {"features": MaskFeatures(0.3), "edges": DropEdges(0.4), "nodes": DropNodes(0.2)}
    _, view2 = TwoViews({}, chain)(graph.view(), generator(seed))
    g = generator(seed)
    features, edges, nodes = (a(graph.view(), g) for a in chain.values())
    assert torch.equal(view2.feature_mask, features.feature_mask)
    assert torch.equal(view2.edge_mask, edges.edge_mask & nodes.edge_mask)


def test_views_differ_and_the_first_draws_first():
    graph, drop = random_graph(0, 20, 200, 5), {"edges": DropEdges(0.5)}
    view1, view2 = TwoViews(drop, drop)(graph.view(), generator())
    assert not torch.equal(view1.edge_mask, view2.edge_mask)
    assert torch.equal(view1.edge_mask, DropEdges(0.5)(graph.view(), generator()).edge_mask)


def test_without_augmentations_both_views_are_the_view_given():
    view, g = random_graph(0, 3, 4, 2).view(), generator()
    state = g.get_state()
    assert TwoViews({}, {})(view, g) == (view, view)
    assert torch.equal(g.get_state(), state)


@given(strength=st.floats(0, 1.6))
def test_strength_multiplies_every_p_and_nothing_else(strength):
    views = TwoViews(
        {"edges": DropEdges(0.6, undirected=True)},
        {"gca": DropEdgesByCentrality(0.5, Degree(), p_tau=0.65), "nodes": DropNodes(0.1)},
        strength,
    )
    assert views.view1 == {"edges": DropEdges(0.6 * strength, undirected=True)}
    assert views.view2 == {
        "gca": DropEdgesByCentrality(0.5 * strength, Degree(), p_tau=0.65),
        "nodes": DropNodes(0.1 * strength),
    }


def test_strength_0_is_no_augmentation():
    view = random_graph(0, 3, 4, 2).view()
    assert TwoViews({"edges": DropEdges(0.5)}, {}, strength=0)(view, generator()) == (view, view)


@pytest.mark.parametrize("strength", [2.0, 2.5])
def test_a_probability_brought_to_1_or_more_is_refused(strength):
    with pytest.raises(ConfigError) as error:
        TwoViews({}, {"edges": DropEdges(0.5)}, strength)
    assert str(error.value) == (
        f"augmentation.strength={strength} times augmentation.view2.edges.p=0.5 is a drop "
        "probability and must be in [0, 1)"
    )


@pytest.mark.parametrize("strength", [-1.0, float("nan"), float("inf"), "much", True, None])
def test_a_strength_that_is_no_factor_is_refused(strength):
    with pytest.raises(
        ConfigError, match=rf"^augmentation.strength must be a finite .* {strength!r}$"
    ):
        TwoViews({}, {}, strength)


def test_something_that_cannot_be_called_is_refused():
    with pytest.raises(ConfigError, match=r"^augmentation.view1.edges must .*, got 0.3"):
        TwoViews({"edges": 0.3}, {})


@dataclass(frozen=True)
class Mine:
    """A user's own augmentation: hides the first feature dimension with probability p."""

    p: float

    def __call__(self, view, generator):
        keep = torch.ones(view.graph.num_features, dtype=torch.bool)
        keep[0] = torch.rand((), generator=generator) >= self.p
        return view.keep_features(keep)


def test_strength_reaches_a_users_own_augmentation():
    assert TwoViews({"mine": Mine(0.2)}, {}, strength=2).view1 == {"mine": Mine(0.4)}


def test_any_callable_goes_at_strength_1_and_is_refused_at_another():
    view = random_graph(0, 3, 4, 2).view()
    identity = {"identity": lambda view, generator: view}
    assert TwoViews(identity, {})(view, generator()) == (view, view)
    with pytest.raises(ConfigError, match=r"^augmentation.strength=0.5: augmentation.view1.ident"):
        TwoViews(identity, {}, strength=0.5)


def test_what_returns_no_view_is_named(graph):
    views = TwoViews({"mine": lambda view, generator: view.x}, {})
    with pytest.raises(ConfigError, match=r"mine \(function\) must return a GraphView"):
        views(graph.view(), torch.Generator())


class ReverseEdges:
    def __call__(self, view, generator):
        return view.with_edges(view.edge_index.flip(0), view.edge_weight)


def test_edges_are_dropped_from_replaced_ones(graph):
    views = TwoViews({"turn": ReverseEdges(), "drop": DropEdges(p=0.5)}, {})
    view, _ = views(graph.view(), torch.Generator().manual_seed(0))
    kept = torch.rand(graph.num_edges, generator=torch.Generator().manual_seed(0)) >= 0.5
    assert torch.equal(view.edge_index, graph.edge_index.flip(0)[:, kept])


def test_what_is_known_of_the_graphs_own_edges_must_come_first(graph):
    views = TwoViews({"turn": ReverseEdges(), "drop": DropEdges(p=0.5, undirected=True)}, {})
    with pytest.raises(ConfigError, match="put it first"):
        views(graph.view(), torch.Generator())
