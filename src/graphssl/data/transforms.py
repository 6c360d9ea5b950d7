"""Transforms that PyG does not have."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform


class StandardizeFeatures(BaseTransform):
    """Each feature to mean 0 and standard deviation 1 over the nodes.

    ``x[:, f] <- (x[:, f] - mean_f) / std_f`` with the biased standard deviation; a constant
    feature becomes 0.

    Source: nerdslab/bgrl ``bgrl/data.py``, ``get_wiki_cs``.
    """

    def forward(self, data: Data) -> Data:
        """Standardise ``data.x``, (N, F)."""
        std, mean = torch.std_mean(data.x, dim=0, unbiased=False)
        data.x = (data.x - mean) / torch.where(std > 0, std, 1)
        return data
