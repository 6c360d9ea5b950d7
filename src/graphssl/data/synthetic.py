"""Synthetic graphs of known difficulty: stochastic and contextual block models."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import numpy as np
import torch
from torch_geometric.data import Data

from graphssl.checks import number, whole_number
from graphssl.contracts import FloatArray, IntArray, NodeDataset
from graphssl.data.block_model import FloatMatrix, balanced_labels, block_model_edges
from graphssl.data.generated import Generated
from graphssl.data.node_dataset import node_dataset
from graphssl.data.transformed import Transform
from graphssl.errors import ConfigError
from graphssl.seeding import derive_seed


class SBMDataset(Generated):
    """A stochastic block model with equal blocks and Gaussian features around one centre per class.

    With average degree d, homophily h and C blocks of n = N / C nodes, ``p_in = d h / n`` and
    ``p_out = d (1 - h) / (N - n)``, so that a share h of the edges is inside a block.
    ``x_i = feature_signal * c_{y_i} + z_i`` with c, z ~ N(0, I / F), whose norms are about 1.

    Args:
        num_nodes: N.
        num_classes: C, at least 2.
        average_degree: d, expected number of neighbours of a node.
        homophily: h, in [0, 1].
        num_features: F.
        feature_signal: length of the class centres relative to that of the noise.
        seed: seed of the graph, independent of the run's seed.
        name: name of the dataset in the record.
        transforms: PyG transforms, applied in order.
        transform_seed: seed of the random streams that they draw from.
    """

    def __init__(
        self,
        num_nodes: int,
        num_classes: int,
        average_degree: float,
        homophily: float,
        num_features: int,
        feature_signal: float,
        seed: int = 0,
        name: str = "sbm",
        transforms: Sequence[Transform] = (),
        transform_seed: int = 0,
    ) -> None:
        if not 2 <= num_classes <= num_nodes:
            raise ConfigError(f"dataset.num_classes={num_classes} is not in 2..{num_nodes} nodes")
        size = num_nodes / num_classes
        inside = average_degree * homophily / size
        outside = average_degree * (1 - homophily) / (num_nodes - size)
        self.probabilities = _probabilities(num_classes, inside, outside)
        self.num_nodes = num_nodes
        self.num_classes = num_classes
        self.num_features = _positive("num_features", num_features)
        self.feature_signal = feature_signal
        self.seed = seed
        self.name = name
        self.transforms = transforms
        self.transform_seed = transform_seed

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Make the graph, transformed and validated; neither folder is used.

        Raises:
            DataError: a transform fails, or its result is not a valid graph.
        """
        rng = np.random.default_rng(derive_seed(self.seed, "synthetic"))
        y = balanced_labels(self.num_nodes, self.num_classes, rng)
        edges = block_model_edges(y, self.probabilities, rng)
        centres = _gaussian(self.num_classes, self.num_features, rng)
        x = _gaussian(self.num_nodes, self.num_features, rng)
        x += np.float32(self.feature_signal) * centres[y]
        return node_dataset(
            self.name, _data(x, edges, y), self.transforms, transform_seed=self.transform_seed
        )


class CSBMDataset(Generated):
    """A contextual stochastic block model: two classes v = +-1, observed in edges and features.

    ``P[(i, j) in E] = (d + lam sqrt(d) v_i v_j) / N``;
    ``x_i = sqrt(mu / N) v_i u + z_i`` with u, z_i ~ N(0, I / F).
    With gamma = N / F, better than chance is possible exactly if ``lam^2 + mu^2 / gamma > 1``
    (N, F large).

    Args:
        num_nodes: N.
        num_features: F.
        average_degree: d.
        lam: strength of the signal in the edges, at most sqrt(d).
        mu: strength of the signal in the features.
        seed: seed of the graph, independent of the run's seed.
        name: name of the dataset in the record.
        transforms: PyG transforms, applied in order.
        transform_seed: seed of the random streams that they draw from.

    Source: Deshpande, Montanari, Mossel & Sen 2018, arXiv 1807.09596, section 1.
    """

    def __init__(
        self,
        num_nodes: int,
        num_features: int,
        average_degree: float,
        lam: float,
        mu: float,
        seed: int = 0,
        name: str = "csbm",
        transforms: Sequence[Transform] = (),
        transform_seed: int = 0,
    ) -> None:
        self.num_nodes = _positive("num_nodes", num_nodes)
        self.num_features = _positive("num_features", num_features)
        number("dataset.mu", mu, least=0)
        if not average_degree > 0 or abs(lam) > sqrt(average_degree):
            raise ConfigError(f"dataset.lam={lam} is above sqrt(average_degree={average_degree})")
        spread = lam * sqrt(average_degree)
        self.probabilities = _probabilities(
            2, (average_degree + spread) / num_nodes, (average_degree - spread) / num_nodes
        )
        self.mu = mu
        self.seed = seed
        self.name = name
        self.transforms = transforms
        self.transform_seed = transform_seed

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Make the graph, transformed and validated; neither folder is used.

        Raises:
            DataError: a transform fails, or its result is not a valid graph.
        """
        rng = np.random.default_rng(derive_seed(self.seed, "synthetic"))
        y = balanced_labels(self.num_nodes, 2, rng)
        edges = block_model_edges(y, self.probabilities, rng)
        u = _gaussian(1, self.num_features, rng)
        x = _gaussian(self.num_nodes, self.num_features, rng)
        x += np.float32(sqrt(self.mu / self.num_nodes)) * (2 * y[:, None] - 1).astype("f4") * u
        return node_dataset(
            self.name, _data(x, edges, y), self.transforms, transform_seed=self.transform_seed
        )


def _probabilities(num_classes: int, inside: float, outside: float) -> FloatMatrix:
    if not (0 <= inside <= 1 and 0 <= outside <= 1):
        raise ConfigError(
            f"dataset: edge probabilities {inside:.4g} inside and {outside:.4g} between blocks "
            "are not in [0, 1]; change average_degree or num_nodes"
        )
    return np.where(np.eye(num_classes, dtype=bool), inside, outside)


def _positive(name: str, value: int) -> int:
    whole_number(f"dataset.{name}", value, least=1)
    return value


def _gaussian(rows: int, columns: int, rng: np.random.Generator) -> FloatArray:
    """Draw (rows, columns) float32 with variance 1 / columns, so that rows have norm about 1."""
    return rng.standard_normal((rows, columns), dtype=np.float32) / np.float32(sqrt(columns))


def _data(x: FloatArray, edges: IntArray, y: IntArray) -> Data:
    return Data(x=torch.from_numpy(x), edge_index=torch.from_numpy(edges), y=torch.from_numpy(y))
