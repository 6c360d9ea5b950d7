"""CKA through centred Gram matrices, LiDAR through matrix roots, both in NumPy."""

import math

import numpy as np
import pytest
import torch
from scipy.linalg import fractional_matrix_power

from graphssl.diagnostics.cka import linear_cka
from graphssl.diagnostics.lidar import lidar


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("rows", [5, 12, 200])  # below and above the sum of the widths
def test_cka_is_the_normalised_hsic_of_gram_matrices(rows):
    x, y = normal(rows, 6) + 1, normal(rows, 9, seed=1) @ normal(9, 9, seed=2)
    y[:, :6] += x
    centre = np.eye(rows) - 1 / rows
    k, m = (centre @ (z @ z.T).numpy() @ centre for z in (x, y))
    expected = np.trace(k @ m) / np.sqrt(np.trace(k @ k) * np.trace(m @ m))
    assert linear_cka(x, y) == pytest.approx(expected, rel=1e-10)
    assert linear_cka(y, x) == pytest.approx(expected, rel=1e-10)
    assert 0 <= expected <= 1


def test_cka_sees_neither_rotation_nor_scale_nor_shift():
    x = normal(100, 5)
    rotation = torch.linalg.qr(normal(5, 5, seed=1)).Q
    assert linear_cka(x, 1e-20 * x @ rotation + 7e-20) == pytest.approx(1, rel=1e-9)
    stretched = x * torch.tensor([1.0, 1, 1, 1, 30])
    assert linear_cka(x, stretched) < 0.6  # an invertible map is not a rotation
    assert linear_cka(x, normal(100, 5, seed=3)) < 0.2
    assert math.isnan(linear_cka(x, torch.ones(100, 3)))


def by_roots(views: np.ndarray, delta: float) -> float:
    q, rows, width = views.shape
    means = views.mean(axis=0)
    between = np.cov(means.T)
    within = sum(np.outer(r, r) for view in views for r in view - means) / (rows * (q - 1))
    root = fractional_matrix_power(within + delta * np.eye(width), -0.5)
    eigenvalues = np.linalg.eigvalsh(root @ between @ root).clip(min=0)
    p = eigenvalues[eigenvalues > 0] / eigenvalues.sum()
    return np.exp(-(p * np.log(p)).sum())


@pytest.mark.parametrize("delta", [1e-4, 0.3])
def test_lidar_through_matrix_roots(delta):
    centres = normal(40, 6) * torch.tensor([3.0, 2, 1, 1, 0.1, 0.1])
    views = centres + normal(4, 40, 6, seed=1) * torch.tensor([1.0, 0.2, 1, 0.5, 1, 0.1])
    assert lidar(views, delta) == pytest.approx(by_roots(views.numpy(), delta), rel=1e-8)
    assert 1 <= lidar(views, delta) <= 6


def test_lidar_counts_directions_in_which_rows_differ_more_than_their_views():
    rows = torch.zeros(300, 8, dtype=torch.float64)
    rows[:, :3] = normal(300, 3)
    views = rows + 0.01 * normal(10, 300, 8, seed=1)
    assert lidar(views) == pytest.approx(3, abs=0.1)
    # large variance between views hides the first direction, however large it is between rows
    loud = torch.ones(8, dtype=torch.float64)
    loud[0] = 1000
    stretched = views * loud
    stretched[..., 0] += 1e4 * normal(10, 300, seed=2)
    assert lidar(stretched) == pytest.approx(2, abs=0.1)


def test_lidar_of_equal_rows_and_of_equal_views():
    assert lidar(torch.ones(2, 9, 4)) == 0
    rows = normal(50, 4)
    s = np.linalg.eigvalsh(np.cov(rows.numpy().T))
    p = s / s.sum()
    same = lidar(torch.stack([rows] * 3))
    assert same == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-8)
    assert lidar(torch.ones(2, 9, 1) * torch.arange(9.0)[:, None]) == pytest.approx(1)
