"""Hold out edges of a graph before anything is trained on it, to be predicted afterwards."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from graphssl.checks import number, whole_number
from graphssl.contracts import IntArray
from graphssl.data.node_pairs import undirected_pairs
from graphssl.errors import DataError
from graphssl.seeding import generator

KEY = "held_out_edges"


class HoldOutEdges(BaseTransform):
    """Remove a share of the edges from the graph, and keep them as ``data.held_out_edges``, (2, H).

    ``floor(share * P)`` of the P pairs of different nodes that an edge joins are drawn uniformly;
    every edge between the two nodes is removed, in both directions and with its repetitions and
    attributes. It is the first transform where ``dataset.held_out_edges`` is set, so that no
    other transform sees the removed edges.

    Args:
        share: share of the pairs, in (0, 1).
        seed: seed of the draw, which has a random stream of its own.

    Raises:
        ConfigError: an argument is out of range.

    Example:
        >>> data = Data(x=torch.eye(3), edge_index=torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]]))
        >>> held_out = HoldOutEdges(share=0.5)(data)
        >>> held_out.held_out_edges.shape, held_out.edge_index.shape
        (torch.Size([2, 1]), torch.Size([2, 2]))
    """

    def __init__(self, share: float, seed: int = 0) -> None:
        number("dataset.held_out_edges", share, above=0, below=1)
        whole_number("dataset.transform_seed", seed, least=0)
        self.share, self.seed = share, seed

    def forward(self, data: Data) -> Data:
        """Remove the edges from ``data``.

        Raises:
            DataError: the graph has too few edges for one to be held out.
        """
        pairs = undirected_pairs(data.edge_index)  # (2, P)
        count = int(self.share * pairs.size(1))
        if not count:
            raise DataError(
                f"dataset.held_out_edges={self.share} of {pairs.size(1)} edges is none: raise it"
            )
        order = torch.randperm(pairs.size(1), generator=generator(self.seed, "held_out"))
        held = pairs[:, order[:count].sort().values]
        kept = ~among(data.edge_index, held, data.num_nodes)
        for key, value in data.to_dict().items():
            if key != "edge_index" and data.is_edge_attr(key):
                data[key] = value[kept]
        data.edge_index = data.edge_index[:, kept]
        data[KEY] = held if data.get("n_id") is None else data.n_id[held] - 1
        return data


def among(edge_index: Tensor, pairs: Tensor, num_nodes: int) -> Tensor:
    """Mark the edges (2, E) that join one of ``pairs`` (2, P) in either direction, (E,) bool."""
    low, high = edge_index.amin(dim=0), edge_index.amax(dim=0)
    return torch.isin(low * num_nodes + high, pairs[0] * num_nodes + pairs[1])


def held_out(name: str, data: Data, positions: IntArray | None) -> Tensor | None:
    """Return the held-out edges of ``data`` as pairs of its nodes, (2, H), and remove the key.

    Args:
        name: the dataset's name, used in errors.
        data: the graph after all transforms.
        positions: index in the graph before all transforms of every node; None if no node moved.

    Raises:
        DataError: a later transform has put a held-out edge back, or removed the nodes of all.
    """
    pairs: Tensor | None = data.get(KEY)
    if pairs is None:
        return None
    del data[KEY]
    if positions is not None:
        before = torch.from_numpy(positions)
        new = torch.full((int(max(before.max(), pairs.max())) + 1,), -1)
        new[before[before >= 0]] = torch.arange(len(before))[before >= 0]
        pairs = undirected_pairs(new[pairs][:, (new[pairs] >= 0).all(dim=0)])
    back = int(among(data.edge_index, pairs, data.num_nodes).sum())
    if back or not pairs.size(1):
        why = f"put {back} held-out edges back" if back else "removed all held-out edges"
        raise DataError(f"{name}: dataset.held_out_edges: a transform has {why}")
    return pairs
