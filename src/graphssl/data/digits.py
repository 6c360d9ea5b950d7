"""Scikit-learn's digits as a nearest-neighbour graph: real data without a download."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch_geometric.data import Data

from graphssl.contracts import NodeDataset
from graphssl.data.generated import Generated
from graphssl.data.node_dataset import node_dataset
from graphssl.data.transformed import Transform
from graphssl.errors import ConfigError


def digits_graph(neighbors: int) -> Data:
    """Make the graph of 1,797 images of 8 x 8 pixels in 10 classes.

    Images i and j are joined if either is near the other, i.e. among the ``neighbors`` others of
    largest cosine similarity. The graph is symmetric and has no self-loops.

    Raises:
        ConfigError: ``neighbors`` is not in 1..1796.
    """
    from sklearn.datasets import load_digits  # slow to import, and for this graph alone
    from sklearn.neighbors import kneighbors_graph

    images, labels = load_digits(return_X_y=True)
    if not 1 <= neighbors < len(images):
        raise ConfigError(f"dataset.neighbors={neighbors} is not in 1..{len(images) - 1}")
    near = kneighbors_graph(images, neighbors, metric="cosine", include_self=False)
    rows, columns = near.maximum(near.T).nonzero()
    return Data(
        x=torch.from_numpy(images).float(),
        edge_index=torch.stack([torch.from_numpy(rows), torch.from_numpy(columns)]).long(),
        y=torch.from_numpy(labels).long(),
    )


class DigitsDataset(Generated):
    """The graph of `digits_graph` as a dataset.

    Args:
        neighbors: k of the kNN graph.
        name: name of the dataset in the record.
        transforms: PyG transforms, applied in order.
        transform_seed: seed of the random streams that they draw from.
    """

    def __init__(
        self,
        neighbors: int = 5,
        name: str = "digits",
        transforms: Sequence[Transform] = (),
        transform_seed: int = 0,
    ) -> None:
        self.neighbors = neighbors
        self.name = name
        self.transforms = transforms
        self.transform_seed = transform_seed

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Make the graph, transformed and validated; neither folder is used.

        Raises:
            DataError: a transform fails, or its result is not a valid graph.
        """
        return node_dataset(
            self.name,
            digits_graph(self.neighbors),
            self.transforms,
            transform_seed=self.transform_seed,
        )
