"""Zachary's karate club: 34 nodes, for a first look."""

from __future__ import annotations

from pathlib import Path

from torch_geometric.datasets import KarateClub

from graphssl.contracts import NodeDataset
from graphssl.data.node_dataset import node_dataset


class KarateDataset:
    """PyG's ``KarateClub``, one-hot features; its lone train mask is left out (no test mask).

    Args:
        name: shown in the record.
    """

    def __init__(self, name: str = "karate") -> None:
        self.name = name

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """The graph; neither folder is touched."""
        data = KarateClub()[0]
        del data.train_mask
        return node_dataset(self.name, data)
