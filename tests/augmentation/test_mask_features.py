import torch
from augmentation_graphs import generator, random_graph, seeds, within_binomial_bounds
from hypothesis import given
from hypothesis import strategies as st

from graphssl.augmentation.mask_features import MaskFeatures, mask_features

WIDE = random_graph(0, 2, 3, 20_000)


@given(seed=seeds, p=st.floats(0.001, 0.999))
def test_drop_rate(seed, p):
    mask = mask_features(WIDE.view(), p, generator(seed)).feature_mask
    assert within_binomial_bounds(int((~mask).sum()), mask.numel(), p)


def test_a_dimension_is_hidden_for_all_nodes_and_edges_stay():
    graph = random_graph(0, 30, 60, 40)
    view = MaskFeatures(0.5)(graph.view(), generator())
    hidden = ~view.feature_mask
    assert hidden.any()
    assert (view.x[:, hidden] == 0).all()
    assert torch.equal(view.x[:, ~hidden], graph.x[:, ~hidden])
    assert view.edge_mask is None
