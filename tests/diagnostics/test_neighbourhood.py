"""Energy and homophily against the Laplacian and against loops over nodes, in NumPy."""

import math

import numpy as np
import pytest
import torch

from graphssl.diagnostics import neighbourhood
from graphssl.diagnostics.neighbourhood import (
    dirichlet_energy,
    neighbour_homophily,
    neighbour_pairs,
    neighbourhood_diagnostics,
)
from graphssl.graph import Graph


@pytest.fixture
def z(graph) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(graph.num_nodes, 7, generator=generator, dtype=torch.float64) + 0.3


def adjacency(graph) -> np.ndarray:
    """Without direction, weight, repetition and self-loops, (N, N)."""
    a = np.zeros((graph.num_nodes, graph.num_nodes))
    for i, j in graph.edge_index.T.tolist():
        if i != j:
            a[i, j] = a[j, i] = 1
    return a


def energy(z: np.ndarray, a: np.ndarray) -> float:
    a = a + np.eye(len(a))
    root = np.diag(a.sum(axis=1) ** -0.5)
    return np.trace(z.T @ (np.eye(len(a)) - root @ a @ root) @ z) / np.trace(z.T @ z)


def homophily(z: np.ndarray, a: np.ndarray) -> float:
    u = z / np.linalg.norm(z, axis=1, keepdims=True)
    return np.mean([np.mean(u[near > 0] @ u[i]) for i, near in enumerate(a) if near.any()])


def test_pairs_are_the_edges_without_direction_repetition_and_loops(graph):
    edges = torch.cat([graph.edge_index, graph.edge_index[:, :30].flip(0)], dim=1)
    edges = torch.cat([edges, torch.tensor([[3, 5], [3, 5]])], dim=1)
    i, j = np.nonzero(np.triu(adjacency(graph)))
    assert neighbour_pairs(Graph(graph.x, edges)).tolist() == [i.tolist(), j.tolist()]


def test_against_the_laplacian_and_against_a_loop(graph, z):
    a, found = adjacency(graph), neighbourhood_diagnostics(z, graph)
    assert found["dirichlet_energy"] == pytest.approx(energy(z.numpy(), a), rel=1e-10)
    assert found["neighbour_homophily"] == pytest.approx(homophily(z.numpy(), a), rel=1e-10)
    pairs = neighbour_pairs(graph)
    assert dirichlet_energy(z.float(), pairs) == pytest.approx(energy(z.numpy(), a), rel=1e-5)
    assert neighbour_homophily(z.float(), pairs) == pytest.approx(homophily(z.numpy(), a), rel=1e-5)


def test_the_rows_may_be_taken_in_parts(graph, z, monkeypatch):
    whole = neighbourhood_diagnostics(z, graph)
    monkeypatch.setattr(neighbourhood, "_NUMBERS", 50)
    assert neighbourhood_diagnostics(z, graph) == pytest.approx(whole, rel=1e-12)


def test_an_oversmoothed_representation_has_no_energy(graph, z):
    pairs = neighbour_pairs(graph)
    degrees = torch.from_numpy(1 + adjacency(graph).sum(axis=1))
    smooth = degrees.sqrt()[:, None] * z[:1]  # the limit of a GCN without weights
    assert dirichlet_energy(smooth, pairs) == pytest.approx(0, abs=1e-14)
    assert dirichlet_energy(smooth.float(), pairs) == pytest.approx(0, abs=1e-6)
    assert neighbour_homophily(smooth, pairs) == pytest.approx(1)
    assert 0.5 < dirichlet_energy(z, pairs) < 2


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e15])
def test_scale_and_rotation_do_not_count(graph, z, scale):
    rotation = torch.linalg.qr(torch.randn(7, 7, dtype=torch.float64)).Q
    turned = neighbourhood_diagnostics((scale * z @ rotation).float(), graph)
    assert turned == pytest.approx(neighbourhood_diagnostics(z, graph), rel=1e-4)


def test_what_has_no_value_is_left_out(graph, z):
    empty = Graph(graph.x, graph.edge_index[:, :0])
    assert neighbourhood_diagnostics(z, empty) == {"dirichlet_energy": 0.0}
    assert math.isnan(neighbour_homophily(z, neighbour_pairs(empty)))
    zeros = neighbourhood_diagnostics(torch.zeros_like(z), graph)
    assert zeros == {"neighbour_homophily": 0.0}
