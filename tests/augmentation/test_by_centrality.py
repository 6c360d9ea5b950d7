"""The weighted masks against GCA's formula in NumPy, on the same uniform numbers."""

import numpy as np
import pytest
import torch
from augmentation_graphs import generator, random_graph, seeds
from hypothesis import given
from hypothesis import strategies as st

from graphssl.augmentation.by_centrality import DropEdgesByCentrality, MaskFeaturesByCentrality
from graphssl.augmentation.centrality import Degree
from graphssl.errors import ConfigError
from graphssl.graph import Graph

GRAPH = random_graph(3, 60, 500, 80)
IN_DEGREE = np.bincount(GRAPH.edge_index[1].numpy(), minlength=60).astype(np.float64)


def gca_probability(w, p, p_tau):
    """``drop_edge_weighted`` and ``drop_feature_weighted_2`` of GCA's code on ``w.log()``."""
    s = np.log(w)
    weights = (s.max() - s) / (s.max() - s.mean())
    weights = weights / weights.mean() * p
    return np.where(weights < p_tau, weights, p_tau)


def agree(mask, uniforms, probability):
    """Equal except where a uniform number lies within rounding of its probability."""
    sure = np.abs(uniforms - probability) > 1e-6
    np.testing.assert_array_equal(mask[sure], (uniforms >= probability)[sure])
    return sure.mean() > 0.9


@given(seed=seeds, p=st.floats(0.05, 0.95), p_tau=st.floats(0.1, 0.95))
def test_edges(seed, p, p_tau):
    mask = DropEdgesByCentrality(p, Degree(), p_tau)(GRAPH.view(), generator(seed)).edge_mask
    uniforms = torch.rand(500, generator=generator(seed)).numpy()
    assert agree(mask.numpy(), uniforms, gca_probability(IN_DEGREE[GRAPH.edge_index[1]], p, p_tau))


@pytest.mark.parametrize("dense", [False, True])
@given(seed=seeds, p=st.floats(0.05, 0.95), p_tau=st.floats(0.1, 0.95))
def test_features(dense, seed, p, p_tau):
    view = MaskFeaturesByCentrality(p, Degree(), p_tau, dense)(GRAPH.view(), generator(seed))
    uniforms = torch.rand(80, generator=generator(seed)).numpy()
    x = GRAPH.x.numpy().astype(np.float64)
    w = (np.abs(x) if dense else x != 0).T @ IN_DEGREE
    assert agree(view.feature_mask.numpy(), uniforms, gca_probability(w, p, p_tau))


@given(seed=seeds)
def test_undirected_edges_of_a_pair_go_together(seed):
    mask = DropEdgesByCentrality(0.5, Degree(), undirected=True)(
        GRAPH.view(), generator(seed)
    ).edge_mask
    kept = {}
    for (u, v), keep in zip(GRAPH.edge_index.T.tolist(), mask.tolist(), strict=True):
        assert kept.setdefault(frozenset((u, v)), keep) == keep
    assert set(kept.values()) == {True, False}


@pytest.mark.parametrize("augmentation", [DropEdgesByCentrality, MaskFeaturesByCentrality])
def test_a_cutoff_outside_0_1_is_refused(augmentation):
    with pytest.raises(ConfigError, match=rf"^{augmentation.__name__}.p_tau must .* got 1.0"):
        augmentation(0.3, Degree(), p_tau=1.0)


def test_a_feature_that_no_node_has_is_hidden_as_often_as_may_be():
    x = GRAPH.x.clone()
    x[:, :40] = 0
    view = Graph(x, GRAPH.edge_index).view()
    augmentation = MaskFeaturesByCentrality(1e-6, Degree(), p_tau=0.6)
    g = generator()
    kept = torch.stack([augmentation(view, g).feature_mask for _ in range(100)]).double().mean(0)
    assert kept[:40].mean() == pytest.approx(0.4, abs=0.05)
    assert kept[40:].mean() > 0.99
