import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import kneighbors_graph

from graphssl.contracts import NodeDataset
from graphssl.graph import Graph


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """600 digits through one untrained graph convolution: (600, 40) float32, labels."""
    x, y = load_digits(return_X_y=True)
    x, y = x[:600] / 16, y[:600].astype(np.int64)
    adjacency = kneighbors_graph(x, 5, include_self=True).toarray() / 5
    projection = np.random.default_rng(0).normal(size=(64, 40)) / 8
    return np.maximum(adjacency @ x @ projection, 0).astype(np.float32), y


@pytest.fixture
def masked(digits) -> NodeDataset:
    """The digits with three given splits: 100 training, 100 validation, 400 test nodes."""
    x, y = digits
    part = np.stack([np.random.default_rng(s).permutation(600) // 100 for s in range(3)], 1)
    train, val, test = (torch.from_numpy(m) for m in (part == 0, part == 1, part > 1))
    graph = Graph(torch.from_numpy(x), torch.zeros(2, 0, dtype=torch.int64))
    return NodeDataset("digits", graph, torch.from_numpy(y), 10, train, val, test)
