"""Two views' first products, in common and apart, against the features copied and masked."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from graphssl.encoders.fast import first_product, shapes
from graphssl.encoders.fast.first_product import first_products
from graphssl.graph import Graph

NODES, FEATURES, WIDTH = 7, 12, 5
masks = st.none() | st.lists(st.booleans(), min_size=FEATURES, max_size=FEATURES)


def graph_of(density):
    x = torch.randn(NODES, FEATURES, dtype=torch.float64)
    few = torch.arange(NODES * FEATURES).view(NODES, FEATURES) % round(1 / density) == 0
    return Graph(x * few, torch.zeros(2, 0, dtype=torch.long))


def view_of(graph, mask):
    return graph.view() if mask is None else graph.view().keep_features(torch.tensor(mask))


@settings(max_examples=80, deadline=None)
@given(masks, masks, st.sampled_from([1.0, 0.05]), st.booleans())
def test_equal_to_the_products_with_masked_copies(mask1, mask2, density, split):
    torch.manual_seed(0)
    graph = graph_of(density)
    assert (first_product.sparse_features(graph) is None) == (density == 1.0)
    weight = torch.randn(WIDTH, FEATURES, dtype=torch.float64, requires_grad=True)
    views = view_of(graph, mask1), view_of(graph, mask2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(shapes, "may_follow_masks", lambda graph: split)
        products = first_products(*views, weight)
    expected = tuple(view.x @ weight.t() for view in views)
    towards = tuple(torch.randn_like(product) for product in expected)
    seen = *products, *torch.autograd.grad(products, weight, towards)
    expected += torch.autograd.grad(expected, weight, towards)
    for one, other in zip(seen, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("in_both", "in_one"), [(4, 5), (0, 9), (12, 0), (0, 0)])
def test_each_feature_shown_is_multiplied_once(in_both, in_one):
    graph = graph_of(1.0)
    weight = torch.randn(WIDTH, FEATURES, dtype=torch.float64, requires_grad=True)
    number = torch.arange(FEATURES)
    view1 = graph.view().keep_features(number < in_both)
    view2 = graph.view().keep_features(number < in_both + in_one)
    with FlopCounterMode(display=False) as counter:
        sum(first_products(view1, view2, weight)).sum().backward()
    # forward and the gradient in W
    assert counter.get_total_flops() == 2 * 2 * NODES * WIDTH * (in_both + in_one)


def test_nothing_hidden_is_one_product():
    graph = graph_of(1.0)
    product1, product2 = first_products(
        graph.view(), graph.view(), torch.ones(WIDTH, FEATURES).double()
    )
    assert product1 is product2


def test_columns_are_split_once_for_both_networks():
    graph = graph_of(0.05)
    views = [view_of(graph, [True, False] * 6), view_of(graph, [True] * 11 + [False])]
    assert first_product._split(*views) is first_product._split(*views)
    assert first_product._split(*views) is not first_product._split(*reversed(views))
