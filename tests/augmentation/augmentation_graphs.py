"""Graphs to augment: directed, with self-loops, duplicates and isolated nodes."""

import torch
from hypothesis import strategies as st

from graphssl.graph import Graph

seeds = st.integers(0, 2**32 - 1)


def random_graph(seed: int, num_nodes: int, num_edges: int, num_features: int) -> Graph:
    g = torch.Generator().manual_seed(seed)
    return Graph(
        x=torch.randint(0, 4, (num_nodes, num_features), generator=g).float(),
        edge_index=torch.randint(0, num_nodes, (2, num_edges), generator=g),
    )


graphs = st.builds(
    random_graph,
    seed=seeds,
    num_nodes=st.integers(1, 9),
    num_edges=st.integers(0, 30),
    num_features=st.integers(1, 6),
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def within_binomial_bounds(dropped: int, trials: int, p: float) -> bool:
    """Six standard deviations: a right program fails once in 10^8."""
    return abs(dropped - p * trials) <= 6 * (trials * p * (1 - p)) ** 0.5 + 1
