"""The graphs of the benchmarks: the real ones, or random ones of the same size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from graphssl.cli import compose
from graphssl.config import build
from graphssl.contracts import NodeDataset
from graphssl.errors import DataError
from graphssl.graph import Graph

# nodes, edges (each direction counted), features, share of non-zero features, classes
SIZES = {
    "cora": (2708, 10556, 1433, 0.0127, 7),
    "amazon_photo": (7650, 238162, 745, 0.3474, 8),
    "amazon_computers": (13752, 491722, 767, 0.3483, 10),
    "coauthor_cs": (18333, 163788, 6805, 0.0088, 15),
}


@dataclass(frozen=True, eq=False)
class Setting:
    """A graph with the configuration of its recipe; ``real`` unless a random graph replaces it."""

    config: Any
    data: NodeDataset
    real: bool


def setting(name: str, *overrides: str, size: tuple[int, int, int, float, int] | None = None):
    """Compose the recipe of the graph ``name``, with this graph or a random one of ``size``.

    The graph is taken from the mirror or from ``paths.data``; nothing is downloaded.
    """
    config, *_ = compose([f"dataset={name}", "probe=[random_10_10_80]", *overrides])
    if size is None and _is_here(config):
        try:
            return Setting(config, build.dataset(config), real=True)
        except DataError:
            pass  # the mirror has other graphs
    nodes, edges, features, density, classes = size or SIZES[name]
    y = torch.arange(nodes) % classes
    return Setting(
        config, NodeDataset(name, random_graph(nodes, edges, features, density), y, classes), False
    )


def _is_here(config: Any) -> bool:
    raw = next(iter(config.dataset.checksums))
    return bool(config.paths.mirror) or any(Path(config.paths.data).rglob(raw))


def random_graph(nodes: int, edges: int, features: int, density: float = 1.0) -> Graph:
    """Make a graph with uniform random edges in both directions and uniform sparse features.

    No self-loops: with several at one node GCN would take the slow path (``gcn_propagation``).
    """
    generator = torch.Generator().manual_seed(0)
    source = torch.randint(nodes, (edges // 2,), generator=generator)
    target = (source + torch.randint(1, nodes, source.shape, generator=generator)) % nodes
    x = torch.rand(nodes, features, generator=generator)
    if density < 1:
        x *= torch.rand(nodes, features, generator=generator) < density
    return Graph(x, torch.stack([torch.cat([source, target]), torch.cat([target, source])]))
