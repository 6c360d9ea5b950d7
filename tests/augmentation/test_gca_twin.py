"""GCA's drop probabilities on Cora, against its code's formulas in NumPy and SciPy."""

import numpy as np
import pytest
import scipy.sparse
from hydra.utils import instantiate
from omegaconf import OmegaConf

from graphssl.augmentation.by_centrality import edge_drop_ratio, feature_drop_ratio
from graphssl.augmentation.centrality import Degree, Eigenvector
from graphssl.config.folder import config_dir


@pytest.fixture(scope="module")
def cora(mirror, tmp_path_factory):
    loader = instantiate(OmegaConf.load(config_dir() / "dataset" / "cora.yaml").dataset)
    return loader.load(tmp_path_factory.mktemp("cora"), mirror).graph


def leading_eigenvector(edge_index, nodes):
    """``networkx.eigenvector_centrality_numpy``: by ARPACK, of the edges that come in."""
    ones = np.ones(edge_index.shape[1])
    matrix = scipy.sparse.coo_array((ones, (edge_index[1], edge_index[0])), (nodes, nodes))
    _, vectors = scipy.sparse.linalg.eigs(matrix.tocsr(), k=1, which="LR", v0=np.ones(nodes))
    v = vectors[:, 0].real
    return v * np.sign(v.sum())


def probability(w, p=0.4, threshold=0.7):
    s = np.log(w)
    weights = (s.max() - s) / (s.max() - s.mean())
    weights = weights / weights.mean() * p
    return np.where(weights < threshold, weights, threshold)


@pytest.mark.parametrize(
    ("centrality", "quantiles"),
    [(Degree(), None), (Eigenvector(), [0.118, 0.250, 0.388, 0.505, 0.700])],
)
def test_edges_and_features_of_cora(cora, centrality, quantiles):
    edge_index = cora.edge_index.numpy()
    if centrality == Degree():
        node = np.bincount(edge_index[1], minlength=cora.num_nodes).astype(float)
    else:
        v = leading_eigenvector(edge_index, cora.num_nodes)
        node = np.where(v > 0, v, 0) + 1e-8
    expected = probability(node[edge_index[1]])
    edges = (0.4 * edge_drop_ratio(cora, centrality, False).numpy()).clip(max=0.7)
    np.testing.assert_allclose(edges, expected, atol=1e-6)
    if quantiles:
        at = [0.05, 0.25, 0.5, 0.75, 0.95]
        np.testing.assert_allclose(np.quantile(edges, at), quantiles, atol=5e-4)

    w = (cora.x.numpy() != 0).T.astype(float) @ node
    features = (0.4 * feature_drop_ratio(cora, centrality, False).numpy()).clip(max=0.7)
    np.testing.assert_allclose(features[w > 0], probability(w[w > 0]), atol=1e-6)
    assert (features[w == 0] == np.float32(0.7)).all()
    assert (w == 0).sum() == 1


def test_dense_features_weigh_by_magnitude(cora):
    node = np.bincount(cora.edge_index[1].numpy(), minlength=cora.num_nodes).astype(float)
    w = np.abs(cora.x.numpy().astype(float)).T @ node
    features = (0.4 * feature_drop_ratio(cora, Degree(), True).numpy()).clip(max=0.7)
    np.testing.assert_allclose(features[w > 0], probability(w[w > 0]), atol=1e-6)
