"""Features of known rank without edges, which show the effect of a network on rank."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import numpy as np
import torch
from torch_geometric.data import Data

from graphssl.checks import number
from graphssl.contracts import FloatArray, NodeDataset
from graphssl.data.generated import Generated
from graphssl.data.node_dataset import node_dataset
from graphssl.data.transformed import Transform
from graphssl.errors import ConfigError
from graphssl.seeding import derive_seed


def low_rank_features(
    factors: FloatArray, num_features: int, noise: float, rng: np.random.Generator
) -> FloatArray:
    """Compute ``X = Z Q^T + noise * E``: factors Z (N, r) embedded isometrically in F dimensions.

    Q (F, r) has orthonormal columns, so that without noise X has the singular values of Z; E is
    Gaussian with variance 1 / F, so that its rows have length about 1, like those of Z.
    """
    basis, _ = np.linalg.qr(rng.standard_normal((num_features, factors.shape[1])))
    hidden = rng.standard_normal((len(factors), num_features)) / sqrt(num_features)
    features: FloatArray = factors @ basis.T + noise * hidden
    return features


class LowRankDataset(Generated):
    """Gaussian factors of rank r in F dimensions, with classes given by signs of the first factors.

    ``z_i ~ N(0, I / r)``, ``x_i = Q z_i + noise * e_i``, ``y_i = sum_k 2^k [z_ik > 0]`` over the
    first ``log2(num_classes)`` factors. Every node has one edge, to itself, so that a GCN on it is
    an MLP.

    Args:
        num_nodes: N.
        num_features: F.
        rank: r, at most F and below N.
        num_classes: C, a power of 2 from 2 to 2^r.
        noise: length of the noise relative to that of the signal; with 0 the rank is exactly r.
        seed: seed of the data, independent of the run's seed.
        name: name of the dataset in the record.
        transforms: PyG transforms, applied in order.
        transform_seed: seed of the random streams that they draw from.

    Raises:
        ConfigError: ``rank``, ``num_classes`` or ``noise`` is out of range.
    """

    def __init__(
        self,
        num_nodes: int,
        num_features: int,
        rank: int,
        num_classes: int = 4,
        noise: float = 0.0,
        seed: int = 0,
        name: str = "low_rank",
        transforms: Sequence[Transform] = (),
        transform_seed: int = 0,
    ) -> None:
        if not 1 <= rank <= min(num_features, num_nodes - 1):
            raise ConfigError(
                f"dataset.rank={rank} is not in 1..{min(num_features, num_nodes - 1)}, with "
                f"num_features={num_features} and num_nodes={num_nodes}"
            )
        self.bits = num_classes.bit_length() - 1
        if num_classes != 2**self.bits or not 1 <= self.bits <= rank:
            raise ConfigError(
                f"dataset.num_classes={num_classes} is not a power of 2 in 2..2^{rank}"
            )
        number("dataset.noise", noise, least=0)
        self.num_nodes = num_nodes
        self.num_features = num_features
        self.rank = rank
        self.noise = noise
        self.seed = seed
        self.name = name
        self.transforms = transforms
        self.transform_seed = transform_seed

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Make the data, transformed and validated; neither folder is used."""
        rng = np.random.default_rng(derive_seed(self.seed, "synthetic"))
        factors = rng.standard_normal((self.num_nodes, self.rank)) / sqrt(self.rank)
        x = low_rank_features(factors, self.num_features, self.noise, rng)
        y = (factors[:, : self.bits] > 0) @ (1 << np.arange(self.bits))
        loops = torch.arange(self.num_nodes).expand(2, -1)
        data = Data(x=torch.from_numpy(x), edge_index=loops, y=torch.from_numpy(y))
        return node_dataset(self.name, data, self.transforms, transform_seed=self.transform_seed)
