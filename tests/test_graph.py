import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from graphssl.errors import ConfigError
from graphssl.graph import Graph


def make(seed, weighted=True, num_nodes=6, num_edges=14, num_features=5):
    g = torch.Generator().manual_seed(seed)
    return Graph(
        x=torch.randn(num_nodes, num_features, generator=g),
        edge_index=torch.randint(0, num_nodes, (2, num_edges), generator=g),
        edge_weight=torch.rand(num_edges, generator=g) if weighted else None,
    )


def booleans(n):
    return st.lists(st.booleans(), min_size=n, max_size=n).map(torch.tensor)


@given(seed=st.integers(0, 2**32), features=booleans(5), edges=booleans(14))
def test_a_masked_view_is_the_graph_without_those_edges_and_with_those_columns_zero(
    seed, features, edges
):
    graph = make(seed)
    view = graph.view().keep_features(features).keep_edges(edges)
    x, edge_index, weight = graph.x.numpy().copy(), graph.edge_index.numpy(), graph.edge_weight
    x[:, ~features.numpy()] = 0
    kept = [e for e, keep in enumerate(edges.tolist()) if keep]
    assert (view.x.numpy() == x).all()
    assert (view.edge_index.numpy() == edge_index[:, kept]).all()
    assert (view.edge_weight.numpy() == weight.numpy()[kept]).all()
    assert view.graph is graph


@given(f1=booleans(5), f2=booleans(5), e1=booleans(14), e2=booleans(14))
def test_masks_intersect_and_the_earlier_view_stays(f1, f2, e1, e2):
    first = make(0).view().keep_features(f1).keep_edges(e1)
    both = first.keep_edges(e2).keep_features(f2)
    assert torch.equal(both.feature_mask, f1 & f2)
    assert torch.equal(both.edge_mask, e1 & e2)
    assert torch.equal(first.feature_mask, f1)
    assert torch.equal(first.edge_mask, e1)


def test_the_whole_view_hands_out_the_graphs_own_tensors():
    graph = make(0)
    view = graph.view()
    assert view.x is graph.x
    assert view.edge_index is graph.edge_index
    assert view.edge_weight is graph.edge_weight
    assert view.feature_mask is view.edge_mask is None


def test_without_weights_a_masked_view_has_none():
    view = make(0, weighted=False).view().keep_edges(torch.arange(14) < 3)
    assert view.edge_weight is None
    assert view.edge_index.shape == (2, 3)


def test_sizes():
    graph = make(0)
    assert (graph.num_nodes, graph.num_edges, graph.num_features) == (6, 14, 5)


@pytest.mark.parametrize("weighted", [True, False])
def test_to_converts_floating_point_tensors_and_leaves_the_graph(weighted):
    graph = make(0, weighted)
    moved = graph.to("cpu", torch.float64)
    assert moved.x.dtype == torch.float64
    assert moved.edge_index.dtype == torch.int64
    assert torch.equal(moved.edge_index, graph.edge_index)
    torch.testing.assert_close(moved.x.float(), graph.x)
    assert graph.x.dtype == torch.float32
    if weighted:
        assert moved.edge_weight.dtype == torch.float64
    else:
        assert moved.edge_weight is None


def test_to_another_device_moves_all():
    moved = make(0).to("meta")
    devices = {t.device.type for t in (moved.x, moved.edge_index, moved.edge_weight)}
    assert devices == {"meta"}
    assert moved.x.dtype == torch.float32


def test_graphs_compare_and_hash_by_identity():
    a, b = make(0), make(0)
    assert a != b
    assert len({a, b, a}) == 2


@given(dimensions=booleans(5), entries=booleans(30))
def test_a_mask_per_entry_hides_entries(dimensions, entries):
    graph = make(0)
    entries = entries.reshape(6, 5)
    view = graph.view().keep_features(dimensions).keep_features(entries)
    assert torch.equal(view.x, torch.where(entries & dimensions, graph.x, 0))
    assert not view.hides_only


def test_replaced_tensors_stand_in_and_later_masks_hide_parts_of_them():
    graph = make(0)
    x, edges, weight = torch.randn(6, 5), torch.tensor([[0, 1, 2], [3, 4, 5]]), torch.rand(3)
    hidden = graph.view().keep_features(torch.zeros(5).bool()).keep_edges(torch.zeros(14).bool())
    view = hidden.with_features(x).with_edges(edges, weight)
    assert view.x is x
    assert view.edge_index is edges
    assert view.edge_weight is weight
    assert not view.hides_only
    assert view.num_edges == 3
    kept = torch.tensor([True, False, True])
    assert torch.equal(view.keep_edges(kept).edge_index, edges[:, kept])
    assert torch.equal(view.keep_edges(kept).edge_weight, weight[kept])
    assert hidden.hides_only
    assert graph.view().with_edges(edges).edge_weight is None


@pytest.mark.parametrize(
    ("method", "arguments", "named"),
    [
        ("keep_features", (torch.ones(4).bool(),), r"shape \(4,\), not torch.bool of shape \(5,\)"),
        ("keep_features", (torch.ones(6, 4).bool(),), r"\(6, 4\).* \(5,\) or \(6, 5\)"),
        ("keep_features", (torch.ones(5),), "float32"),
        ("keep_edges", (torch.ones(13).bool(),), r"keep_edges: .*\(13,\).* \(14,\)"),
        ("keep_edges", (torch.arange(14),), "int64"),
        ("with_features", (torch.ones(6, 4),), r"with_features: .*\(6, 4\).*\(6, 5\)"),
        ("with_features", (torch.ones(6, 5).long(),), "floating-point"),
        ("with_edges", (torch.ones(2, 3),), "with_edges: edge_index is torch.float32"),
        ("with_edges", (torch.ones(3, 2).long(),), r"\(3, 2\)"),
        ("with_edges", (torch.ones(2, 3).long(), torch.ones(2)), "each of the 3 edges"),
    ],
)
def test_wrong_shapes_are_one_line_that_names_the_method(method, arguments, named):
    with pytest.raises(ConfigError, match=named) as error:
        getattr(make(0).view(), method)(*arguments)
    assert "\n" not in str(error.value)
