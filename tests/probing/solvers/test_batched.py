"""The batched solver against scikit-learn and against autograd, in float64."""

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from graphssl.probing.protocols import RandomSplits
from graphssl.probing.solvers import batched
from graphssl.probing.solvers.batched import fit_batched
from graphssl.probing.solvers.liblinear import fit_one_vs_rest
from graphssl.probing.solvers.logistic import LogisticObjective

GRID = 2.0 ** np.arange(-10, 11, 4)


@pytest.fixture(scope="session")
def wide() -> tuple[np.ndarray, np.ndarray]:
    """Like Cora's public split: more dimensions (110) than training nodes, few words a row."""
    rng = np.random.default_rng(0)
    y = rng.integers(7, size=500)
    topics = rng.dirichlet(np.full(110, 0.05), size=7)
    words = np.stack([rng.multinomial(15, 0.7 * topics[label] + 0.3 / 110) for label in y])
    return normalize(words.astype(np.float64)), y


@pytest.fixture
def products(monkeypatch) -> list[int]:
    """Grows by one with every product of all rows with weights."""
    done = []
    logits = LogisticObjective.logits
    monkeypatch.setattr(
        LogisticObjective, "logits", lambda *some: (done.append(1), logits(*some))[1]
    )
    return done


def multinomial_value(x, y, W, b, C):
    Z = x @ W.T + b
    loss = (logsumexp(Z, axis=1) - Z[np.arange(len(y)), y]).sum()
    return C * loss + 0.5 * (W**2).sum()


def one_vs_rest_value(x, y, W, b, C):
    Z = x @ W.T + b
    loss = (np.logaddexp(0, Z) - np.eye(len(W))[y] * Z).sum()
    return C * loss + 0.5 * ((W**2).sum() + (b**2).sum())


@pytest.mark.parametrize("one_vs_rest", [False, True])
def test_derivatives_are_those_of_autograd(one_vs_rest):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 12, 5, generator=generator, dtype=torch.float64)
    labels = torch.randint(3, (2, 12), generator=generator)
    objective = LogisticObjective(
        x=x,
        target=torch.nn.functional.one_hot(labels, 3).mT.double(),
        C=20.0,
        scatter=x.square().sum(1, keepdim=True),
        penalty=torch.tensor([1, 1, 1, 1, 0], dtype=torch.float64),
        padding=torch.zeros(2, 1, 1, dtype=torch.float64),
        one_vs_rest=one_vs_rest,
    )
    exact = {"rtol": 1e-12, "atol": 1e-12}

    def total(W):
        return objective.value(W, objective.logits(W))[0].sum()

    W, V = torch.randn(2, 2, 3, 5, generator=generator, dtype=torch.float64)
    _, p = objective.value(W, objective.logits(W))
    gradient = torch.autograd.functional.jacobian(total, W)
    torch.testing.assert_close(objective.gradient(W, p), gradient, **exact)
    _, expected = torch.autograd.functional.hvp(total, W, V)
    product = objective.hessian_product(p, V, objective.logits(V))
    torch.testing.assert_close(product, expected, **exact)

    # The mean of p (1 - p) stands for each row's own where all rows have the same.
    W = torch.zeros_like(W)
    _, p = objective.value(W, objective.logits(W))
    hessian = torch.autograd.functional.hessian(total, W).reshape(30, 30)
    torch.testing.assert_close(objective.hessian_diagonal(p).flatten(), hessian.diagonal(), **exact)


@pytest.mark.parametrize("data", ["digits", "wide"])
@pytest.mark.parametrize("num_classes", [2, 7])
def test_the_optimum_is_scikit_learns(data, num_classes, request):
    x, y = request.getfixturevalue(data)
    x = normalize(x.astype(np.float64))
    nodes = np.flatnonzero(y < num_classes)
    trains = [nodes[:80], nodes[40:140]]  # of different size
    models = fit_batched(x, y, trains, GRID, num_classes, tolerance=1e-12)
    for t, train in enumerate(trains):
        for k, c in enumerate(GRID):
            twin = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-10, max_iter=200)
            twin.fit(x[train], y[train])
            probability = twin.predict_proba(x[nodes])
            scores = models.scores(t, x[nodes])[k]
            ours = np.exp(scores - logsumexp(scores, axis=1, keepdims=True))
            assert np.abs(ours - probability).max() < 2e-4
            if num_classes > 2:
                arguments = x[train], y[train]
                best = multinomial_value(*arguments, twin.coef_, twin.intercept_, c)
                found = multinomial_value(*arguments, models.weight[t, k], models.bias[t, k], c)
                assert abs(found - best) < 1e-8 * best


def test_the_one_vs_rest_optimum_is_not_worse_than_liblinears(digits):
    x, y = normalize(digits[0].astype(np.float64)), digits[1]
    trains = [np.arange(100), np.arange(100, 260)]
    ours = fit_batched(x, y, trains, GRID, 10, one_vs_rest=True, tolerance=1e-9)
    twin = fit_one_vs_rest(x, y, trains, GRID, 10)
    for t, train in enumerate(trains):
        for k, c in enumerate(GRID):
            found, theirs = (
                one_vs_rest_value(x[train], y[train], m.weight[t, k], m.bias[t, k], c)
                for m in (ours, twin)
            )
            assert found < theirs * (1 + 1e-6)
            assert theirs < found * (1 + 1e-2)


def test_float32_at_the_default_tolerance_is_close_to_the_optimum(digits):
    x, y = normalize(digits[0]), digits[1]
    trains = [np.arange(100), np.arange(100, 260)]
    single = fit_batched(x, y, trains, GRID, 10)
    double = fit_batched(x.astype(np.float64), y, trains, GRID, 10, tolerance=1e-12)
    assert single.weight.dtype == np.float32
    for t, train in enumerate(trains):
        for k, c in enumerate(GRID):
            found, best = (
                multinomial_value(x[train].astype(float), y[train], m.weight[t, k], m.bias[t, k], c)
                for m in (single, double)
            )
            assert best * (1 - 1e-6) < found < best * (1 + 1e-4)


def test_a_tolerance_below_rounding_ends_at_rounding(digits, products):
    """On rows of any length, and at a C where float32 sees probabilities of 0 and 1 alone."""
    x, y = digits[0].astype(np.float32), digits[1]
    models = fit_batched(x, y, [np.arange(100)], np.array([1.0, 1e5]), 10, tolerance=1e-12)
    assert np.isfinite(models.weight).all()
    assert np.isfinite(models.bias).all()
    assert len(products) < 5_000
    assert (models.scores(0, x[:100])[1].argmax(1) == y[:100]).all()


def test_training_sets_solved_in_several_batches_are_the_same(digits, monkeypatch):
    x, y = normalize(digits[0].astype(np.float64)), digits[1]
    trains = [np.arange(i, i + 80) for i in range(3)]
    together = fit_batched(x, y, trains, GRID, 10, tolerance=1e-10)
    monkeypatch.setattr(batched, "MAX_NUMBERS_ON_CPU", 2 * 80 * 40)
    apart = fit_batched(x, y, trains, GRID, 10, tolerance=1e-10)
    assert together.weight.shape == apart.weight.shape == (3, 6, 10, 40)
    np.testing.assert_allclose(apart.scores(2, x), together.scores(2, x), atol=1e-3)


def test_the_grid_may_come_in_any_order_and_have_values_twice(digits):
    x, y = normalize(digits[0].astype(np.float64)), digits[1]
    trains, shuffled = [np.arange(100)], [3, 0, 2, 3, 1]
    rising = fit_batched(x, y, trains, GRID[:4], 10)
    mixed = fit_batched(x, y, trains, GRID[shuffled], 10)
    np.testing.assert_array_equal(mixed.weight, rising.weight[:, shuffled])
    np.testing.assert_array_equal(mixed.bias, rising.bias[:, shuffled])


def test_following_the_path_saves_more_than_half_of_the_products(digits, products):
    x, y = normalize(digits[0].astype(np.float64)), digits[1]
    arguments = x, y, [np.arange(300)]
    grid = 2.0 ** np.arange(-10, 11)
    fit_batched(*arguments, grid, 10)
    along = len(products)
    for c in grid:
        fit_batched(*arguments, grid[grid == c], 10)
    apart = len(products) - along
    assert along < apart / 2, (along, apart)


def test_accuracy_is_scikit_learns_within_a_fifth_of_a_point(masked):
    rows, y = masked.graph.x.numpy(), masked.y.numpy()
    arguments = ("random", 5, 0.1, 0.1, [-4, 10])
    splits = RandomSplits(*arguments).splits(masked, 0)
    fast, reference = (
        RandomSplits(*arguments, solver=solver).score(rows, y, splits, 0)
        for solver in ("batched", "sklearn")
    )
    assert (fast.solver, reference.solver) == ("batched", "lbfgs")
    assert abs(np.mean(fast.test["accuracy"]) - np.mean(reference.test["accuracy"])) <= 0.002


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_finds_the_same_optimum(digits):
    x, y = normalize(digits[0].astype(np.float64)), digits[1]
    trains = [np.arange(80), np.arange(100, 200)]
    cpu = fit_batched(x, y, trains, GRID, 10, tolerance=1e-10)
    cuda = fit_batched(x, y, trains, GRID, 10, tolerance=1e-10, device="cuda")
    np.testing.assert_allclose(cuda.scores(1, x), cpu.scores(1, x), atol=1e-3)
