"""Angles, uniformity and alignment against all pairs in NumPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from graphssl.diagnostics.geometry import (
    alignment,
    mean_pair_cosine,
    std_per_dimension,
    uniformity,
)

GENERATOR = torch.Generator().manual_seed(0)
Z = torch.randn(40, 5, generator=GENERATOR, dtype=torch.float64) + 0.5
U = (Z / Z.norm(dim=1, keepdim=True)).numpy()
PAIRS = np.triu_indices(40, k=1)


def test_mean_pair_cosine_against_all_pairs():
    assert mean_pair_cosine(Z) == pytest.approx((U @ U.T)[PAIRS].mean(), rel=1e-12)
    assert mean_pair_cosine(Z.float()) == pytest.approx((U @ U.T)[PAIRS].mean(), rel=1e-5)


def test_mean_pair_cosine_at_its_ends():
    row = Z[:1]
    assert mean_pair_cosine(row.expand(9, -1)) == pytest.approx(1.0)
    assert mean_pair_cosine(torch.cat([row, -row])) == pytest.approx(-1.0)
    assert mean_pair_cosine(torch.eye(6)) == pytest.approx(0.0, abs=1e-7)
    assert mean_pair_cosine(torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])) == (
        pytest.approx(1 / 3)  # a row of zeros has cosine 0 with all
    )
    assert math.isnan(mean_pair_cosine(row))


def test_std_per_dimension():
    np.testing.assert_allclose(std_per_dimension(Z), Z.numpy().std(axis=0, ddof=1), rtol=1e-12)
    assert std_per_dimension(Z[:1]).tolist() == [0.0] * 5


def test_uniformity_against_all_pairs():
    squared = ((U[:, None] - U[None]) ** 2).sum(axis=-1)[PAIRS]
    for t in (1.0, 2.0):
        expected = np.log(np.exp(-t * squared).mean())
        assert uniformity(Z, t) == pytest.approx(expected, rel=1e-10)
    assert uniformity(Z[:1].expand(9, -1)) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(uniformity(Z[:1]))


def test_uniformity_of_many_rows_takes_the_same_subset_each_time():
    many = torch.randn(3000, 8, generator=GENERATOR)
    state = torch.random.get_rng_state()
    sampled = uniformity(many)
    assert uniformity(many) == sampled
    assert torch.equal(torch.random.get_rng_state(), state)
    assert sampled == pytest.approx(uniformity(many, max_rows=3000), abs=0.02)
    assert sampled != uniformity(many, max_rows=3000)


def test_the_subset_of_uniformity_is_of_all_rows():
    """Nodes are often listed by class: half of them here, and then the other half."""
    z = torch.eye(2).repeat_interleave(1500, dim=0)
    assert uniformity(z) == pytest.approx(uniformity(z, max_rows=3000), abs=0.05)


def test_alignment():
    other = torch.roll(Z, 1, dims=0)
    distances = np.linalg.norm(U - np.roll(U, 1, axis=0), axis=1)
    assert alignment(Z, other) == pytest.approx((distances**2).mean(), rel=1e-12)
    assert alignment(Z, other, power=1.0) == pytest.approx(distances.mean(), rel=1e-12)
    assert alignment(Z, 3 * Z) == pytest.approx(0.0, abs=1e-15)
    assert alignment(Z, -Z) == pytest.approx(4.0)


SCALES = [1e-44, 1e-38, 1e-30, 1e-24, 1e-14, 1e14, 1e20, 1e30, 1e37]


@pytest.mark.parametrize("scale", SCALES)
def test_angles_do_not_depend_on_scale(scale):
    z, other = Z.float(), torch.roll(Z, 1, dims=0).float()
    if scale < 1e-37:  # few digits are left of such numbers: take those that stay exact
        z, other = z.sign(), other.sign()
    for measure in (mean_pair_cosine, uniformity):
        assert measure(scale * z) == pytest.approx(measure(z), rel=1e-5)
    assert alignment(scale * z, other) == pytest.approx(alignment(z, other), rel=1e-5)
    rows = torch.logspace(-30, 30, 40, dtype=torch.float64)[:, None].float()  # each its own
    for measure in (mean_pair_cosine, uniformity):
        assert measure(rows * Z.float()) == pytest.approx(measure(Z), rel=1e-4)


@pytest.mark.parametrize("scale", SCALES[1:])
def test_spread_scales_with_its_dimension(scale):
    z = (Z.float() * torch.tensor([1.0, 1.0, scale, 1.0, 1.0])).double().numpy()
    np.testing.assert_allclose(
        std_per_dimension(torch.from_numpy(z).float()), z.std(axis=0, ddof=1), rtol=1e-5
    )
