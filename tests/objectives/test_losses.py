"""Losses of two views against their formulas in NumPy, their symmetries and their optima."""

from functools import partial

import numpy as np
import pytest
import torch
from tests.objectives.numeric import assert_twins

from graphssl.objectives import (
    barlow_twins_loss,
    cca_ssg_loss,
    dgi_loss,
    info_nce_loss,
    sigreg,
    ssge_loss,
    vicreg_loss,
)
from graphssl.objectives.siamese import standardized

ROWS, WIDTH = 7, 3


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def views():
    z = normal(ROWS, WIDTH)
    return z, z + 0.3 * normal(ROWS, WIDTH, seed=1)


def standard(z):
    return (z - z.mean(0)) / np.sqrt(z.var(0, ddof=1) + 1e-12)


def info_nce(z1, z2, tau):
    """Row by row, as the paper writes it."""
    total = 0.0
    for mine, other in ((z1, z2), (z2, z1)):
        for i in range(len(mine)):

            def similarity(j, of, i=i, mine=mine):
                cos = mine[i] @ of[j] / (np.linalg.norm(mine[i]) * np.linalg.norm(of[j]))
                return np.exp(cos / tau)

            negatives = sum(
                similarity(j, other) + similarity(j, mine) for j in range(len(mine)) if j != i
            )
            positive = similarity(i, other)
            total -= np.log(positive / (positive + negatives))
    return total / (2 * len(z1))


def cca_ssg(z1, z2, decorrelation):
    a, b = standard(z1), standard(z2)
    n, d = a.shape
    gram = [np.linalg.norm(x.T @ x / n - np.eye(d), "fro") ** 2 for x in (a, b)]
    return -np.trace(a.T @ b) / n + decorrelation * sum(gram)


def barlow_twins(z1, z2, redundancy=None):
    c = standard(z1).T @ standard(z2) / len(z1)
    d = len(c)
    on = sum((1 - c[i, i]) ** 2 for i in range(d))
    off = sum(c[i, j] ** 2 for i in range(d) for j in range(d) if i != j)
    return on + (1 / d if redundancy is None else redundancy) * off


def vicreg(z1, z2, invariance, variance, covariance):
    total = invariance * np.mean((z1 - z2) ** 2)
    for z in (z1, z2):
        std = np.sqrt(z.var(0, ddof=1) + 1e-4)
        c = np.cov(z.T)
        total += variance * np.maximum(0, 1 - std).mean()
        total += covariance * (np.sum(c**2) - np.sum(np.diag(c) ** 2)) / len(c)
    return total


def ssge(z1, z2, uniformity):
    """By the distance itself: W2^2(N(0, C), N(0, I)) = tr C + D - 2 tr C^(1/2), tr C = D."""
    a, b = standard(z1), standard(z2)
    distances = []
    for x in (a, b):
        singular = np.linalg.svd(x, compute_uv=False) / np.sqrt(len(x) - 1)
        distances.append(np.sum((singular - 1) ** 2) - np.sum(singular**2) - len(singular))
    return -np.trace(a.T @ b) / len(a) + uniformity * np.mean(distances)


LOSSES = {
    "grace": (partial(info_nce_loss, tau=0.4), partial(info_nce, tau=0.4)),
    "grace in slices": (partial(info_nce_loss, tau=0.4, block=4), partial(info_nce, tau=0.4)),
    "cca_ssg": (partial(cca_ssg_loss, decorrelation=0.3), partial(cca_ssg, decorrelation=0.3)),
    "gbt": (barlow_twins_loss, barlow_twins),
    "gbt, another weight": (
        partial(barlow_twins_loss, redundancy=0.7), partial(barlow_twins, redundancy=0.7),
    ),
    "vicreg": (
        partial(vicreg_loss, invariance=2.0, variance=3.0, covariance=0.5),
        partial(vicreg, invariance=2.0, variance=3.0, covariance=0.5),
    ),
    "ssge": (partial(ssge_loss, uniformity=0.3), partial(ssge, uniformity=0.3)),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient_are_the_formulas(views, name):
    assert_twins(*LOSSES[name], *views)


@pytest.mark.parametrize("name", LOSSES)
def test_views_can_be_exchanged_and_rows_reordered(views, name):
    loss, _ = LOSSES[name]
    z1, z2 = map(torch.tensor, views)
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(loss(z2, z1), loss(z1, z2))
    torch.testing.assert_close(loss(z1[order], z2[order]), loss(z1, z2))
    assert not torch.isclose(loss(z1[order], z2), loss(z1, z2)), "rows are pairs"


@pytest.mark.parametrize("name", ["cca_ssg", "gbt", "ssge"])
def test_scale_and_shift_of_a_dimension_do_not_count(views, name):
    loss, _ = LOSSES[name]
    z1, z2 = map(torch.tensor, views)
    torch.testing.assert_close(loss(3 * z1 - 2, z2 / 5), loss(z1, z2))


def uncorrelated(rows=16, width=3):
    """Columns of a Hadamard matrix: mean 0, variance 1, orthogonal."""
    h = np.array([[1.0]])
    while len(h) < rows:
        h = np.block([[h, h], [h, -h]])
    return torch.tensor(h[:, 1 : width + 1])


@pytest.mark.parametrize(
    ("loss", "least"),
    [
        (cca_ssg_loss, lambda n, d: -d * (n - 1) / n + 1e-3 * 2 * d / n**2),
        (barlow_twins_loss, lambda n, d: d / n**2),
        (vicreg_loss, lambda n, d: 0.0),
        (ssge_loss, lambda n, d: -d * (n - 1) / n - 0.1 * 2 * d),
    ],
)
def test_uncorrelated_views_that_agree_are_the_optimum(loss, least):
    z = uncorrelated()
    n, d = z.shape
    assert loss(z, z).item() == pytest.approx(least(n, d), abs=1e-9)
    for other in (z.roll(1, 0), z[:, [0, 0, 1]], -z):
        assert loss(z, other) > loss(z, z) + 1e-3


def test_info_nce_is_least_where_rows_are_apart_and_views_agree():
    z = torch.eye(4, dtype=torch.float64)
    simplex = z - z.mean(0)  # four directions as far from each other as can be
    best = info_nce_loss(simplex, simplex, tau=0.5)
    assert best.item() == pytest.approx(np.log(np.exp(2) + 6 * np.exp(-2 / 3)) - 2)
    assert info_nce_loss(torch.ones_like(z), torch.ones_like(z), 0.5).item() == pytest.approx(
        np.log(7)  # the positive and six negatives, all alike
    )


def test_info_nce_at_a_small_temperature_is_finite():
    z = torch.tensor(normal(5, 3), dtype=torch.float32)
    assert info_nce_loss(z, -z, tau=1e-3).isfinite()


@pytest.mark.parametrize("block", [1, 2, 3, 5, 1000])
def test_slices_make_no_difference(block):
    z1, z2 = (torch.tensor(normal(11, 4, seed=s), requires_grad=True) for s in (0, 1))
    losses = [info_nce_loss(z1, z2, 0.3, size) for size in (block, 4096)]
    torch.testing.assert_close(*losses, rtol=1e-12, atol=0)
    gradients = [torch.autograd.grad(loss, (z1, z2)) for loss in losses]
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-14)


def test_no_matrix_of_all_pairs_is_made(monkeypatch):
    seen = []
    logsumexp = torch.Tensor.logsumexp

    def watched(self, dim):
        seen.append(self.numel())
        return logsumexp(self, dim)

    monkeypatch.setattr(torch.Tensor, "logsumexp", watched)
    z = torch.tensor(normal(50, 4), requires_grad=True)
    info_nce_loss(z, z.roll(1, 0), 0.5, block=20).backward()
    assert max(seen) <= 20 * 20
    assert sum(seen) >= 4 * 50 * 50, "and all pairs are looked at"


def test_a_constant_dimension_has_a_finite_gradient():
    z = torch.tensor(normal(6, 2))
    z[:, 0] = 3.0
    z.requires_grad_()
    assert torch.equal(standardized(z)[:, 0], torch.zeros(6, dtype=torch.float64))
    for loss in (cca_ssg_loss, barlow_twins_loss, ssge_loss, vicreg_loss):
        (gradient,) = torch.autograd.grad(loss(z, z + 0), z)
        assert gradient.isfinite().all()


def test_the_critics_loss_is_binary_cross_entropy():
    def twin(real, corrupted):
        p, q = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-corrupted))
        return -(np.log(p).sum() + np.log(1 - q).sum()) / (len(real) + len(corrupted))

    assert_twins(dgi_loss, twin, normal(6), normal(6, seed=1))
    assert dgi_loss(torch.tensor([100.0]), torch.tensor([-100.0])).item() < 1e-6


def epps_pulley(z, directions, knots, largest):
    """Each projection by itself, both halves of the integral, complex exponentials."""
    t = np.linspace(-largest, largest, 2 * knots - 1)
    normal_function = np.exp(-(t**2) / 2)
    found = []
    for a in directions.T:
        characteristic = np.mean([np.exp(1j * t * x) for x in z @ a], axis=0)
        apart = np.abs(characteristic - normal_function) ** 2 * normal_function
        step = t[1] - t[0]
        found.append(len(z) * step * (apart[1:] + apart[:-1]).sum() / 2)
    return np.mean(found)


def test_sigreg_is_the_mean_statistic_over_directions():
    directions = normal(WIDTH, 4, seed=5)
    directions /= np.linalg.norm(directions, axis=0)
    ours = partial(sigreg, directions=torch.tensor(directions), knots=9, largest=2.0)
    twin = partial(epps_pulley, directions=directions, knots=9, largest=2.0)
    assert_twins(ours, twin, normal(ROWS, WIDTH))


def test_sigreg_is_least_near_an_isotropic_gaussian():
    z = torch.tensor(normal(2000, 4))
    directions = torch.nn.functional.normalize(torch.tensor(normal(4, 50, seed=2)), dim=0)
    least = sigreg(z, directions).item()
    assert least < 1.5  # a statistic: it does not grow with the number of rows
    for other in (2 * z, z + 1, z * torch.tensor([1.0, 1.0, 1.0, 0.0]), z.sign()):
        assert sigreg(other, directions) > 5 * least
