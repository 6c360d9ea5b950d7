"""Transforms that PyG lacks."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform


class DivideByRowSum(BaseTransform):
    """Divide each node's features by their sum, if that is above 1.

    ``x[u] <- x[u] / max(sum_f x[u, f], 1)``. This is PyG's ``NormalizeFeatures`` up to 2.0.3, with
    which BGRL was published. Newer versions subtract the smallest entry of ``x`` first: the result
    is the same if that is 0 and every row sum is 0 or at least 1, but differs for negative
    features.

    Example:
        >>> DivideByRowSum()(Data(x=torch.tensor([[1.0, 3.0], [0.2, 0.3]]))).x
        tensor([[0.2500, 0.7500],
                [0.2000, 0.3000]])
    """

    def forward(self, data: Data) -> Data:
        """Divide the rows of ``data.x``, (N, F)."""
        data.x = data.x / data.x.sum(dim=-1, keepdim=True).clamp(min=1.0)
        return data


class StandardizeFeatures(BaseTransform):
    """Scale each feature to mean 0 and standard deviation 1 over the nodes.

    ``x[:, f] <- (x[:, f] - mean_f) / std_f`` with the biased standard deviation; a constant
    feature becomes 0.

    Source: nerdslab/bgrl ``bgrl/data.py``, ``get_wiki_cs``.

    Example:
        >>> StandardizeFeatures()(Data(x=torch.tensor([[0.0, 5.0], [2.0, 5.0]]))).x.tolist()
        [[-1.0, 0.0], [1.0, 0.0]]
    """

    def forward(self, data: Data) -> Data:
        """Standardise ``data.x``, (N, F)."""
        std, mean = torch.std_mean(data.x, dim=0, unbiased=False)
        data.x = (data.x - mean) / torch.where(std > 0, std, 1)
        return data
