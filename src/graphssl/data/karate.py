"""Zachary's karate club: 34 nodes, for quick tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch_geometric.datasets import KarateClub

from graphssl.contracts import NodeDataset
from graphssl.data.generated import Generated
from graphssl.data.node_dataset import node_dataset
from graphssl.data.transformed import Transform


class KarateDataset(Generated):
    """PyG's ``KarateClub`` with one-hot features and one split.

    Training nodes are PyG's, one per class (Kipf & Welling, arXiv 1609.02907, appendix A); the
    validation nodes, chosen here, are the first other node of each class; the remaining 26 are for
    testing.

    Args:
        name: name of the dataset in the record.
        transforms: PyG transforms, applied in order.
        transform_seed: seed of the random streams that they draw from.
    """

    def __init__(
        self,
        name: str = "karate",
        transforms: Sequence[Transform] = (),
        transform_seed: int = 0,
    ) -> None:
        self.name = name
        self.transforms = transforms
        self.transform_seed = transform_seed

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Make the graph, transformed and validated; neither folder is used.

        Raises:
            DataError: a transform fails, or its result is not a valid graph.
        """
        data = KarateClub()[0]
        free = ~data.train_mask
        first = [(free & (data.y == c)).nonzero()[0] for c in range(int(data.y.max()) + 1)]
        data.val_mask = torch.zeros_like(free).index_fill(0, torch.cat(first), True)
        data.test_mask = free & ~data.val_mask
        return node_dataset(self.name, data, self.transforms, transform_seed=self.transform_seed)
