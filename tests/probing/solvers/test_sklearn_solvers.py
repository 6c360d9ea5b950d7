"""The scikit-learn fits against the form the published code gives them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import normalize

from graphssl.probing.protocols import CrossValidatedSplits, GivenSplits
from graphssl.probing.solvers.liblinear import fit_one_vs_rest
from graphssl.probing.solvers.multinomial import fit_multinomial

EXPONENTS = {"digits": [2, 5], "overlapping": [-1, 5]}
GRID = 2.0 ** np.arange(2, 6)


@pytest.fixture(scope="session")
def overlapping() -> tuple[np.ndarray, np.ndarray]:
    """600 rows of three Gaussian classes that lie over each other: (600, 6) float32, labels."""
    rng = np.random.default_rng(1)
    y = rng.integers(3, size=600)
    return (rng.normal(size=(3, 6))[y] + 1.5 * rng.normal(size=(600, 6))).astype(np.float32), y


def plain_accuracy(search, x, one_hot):
    return (search.predict_proba(x).argmax(axis=1) == one_hot.argmax(axis=1)).mean()


@pytest.mark.parametrize("data", ["digits", "overlapping"])
@pytest.mark.parametrize(
    ("folds", "inner"),
    [
        ("shuffle_split", ShuffleSplit(5, test_size=0.5, random_state=3)),
        ("k_fold", KFold(5)),  # what GridSearchCV's cv=5 is for one-hot labels
    ],
)
def test_cross_validated_splits_equal_a_grid_search_on_one_hot_labels(
    data, folds, inner, request, masked
):
    """Where classes overlap, subset accuracy of the indicators chooses another C than accuracy."""
    rows, y = request.getfixturevalue(data)
    classes = int(y.max()) + 1
    dataset = replace(masked, y=torch.from_numpy(y), num_classes=classes)
    protocol = CrossValidatedSplits("twin", 1, 0.2, folds, EXPONENTS[data])
    splits = protocol.splits(dataset, 3)
    scores = protocol.score(rows, y, splits, 3)
    x, one_hot = normalize(rows).astype(np.float64), np.eye(classes)[y]
    grid = {"estimator__C": 2.0 ** np.arange(EXPONENTS[data][0], EXPONENTS[data][1] + 1)}
    scorers = {"subset": "accuracy", "plain": plain_accuracy}
    for s, split in enumerate(splits):
        estimator = OneVsRestClassifier(LogisticRegression(solver="liblinear"))
        search = GridSearchCV(estimator, grid, cv=inner, scoring=scorers, refit="subset")
        search.fit(x[split.train], one_hot[split.train])
        predicted = search.predict_proba(x[split.test]).argmax(axis=1)
        assert scores.C[s] == search.best_params_["estimator__C"]
        assert scores.test["accuracy"][s] == (predicted == y[split.test]).mean()
        by_accuracy = grid["estimator__C"][search.cv_results_["mean_test_plain"].argmax()]
        assert data == "digits" or by_accuracy != scores.C[s]
    assert (scores.solver, scores.protocol, scores.val) == ("liblinear", "twin", {})


def test_one_vs_rest_on_given_splits_equals_a_search_on_the_validation_nodes(masked):
    protocol = GivenSplits("twin", EXPONENTS["digits"], classifier="one_vs_rest", solver="sklearn")
    rows, y = masked.graph.x.numpy(), masked.y.numpy()
    splits = protocol.splits(masked, 0)
    scores = protocol.score(rows, y, splits, 0)
    x, one_hot = normalize(rows).astype(np.float64), np.eye(10)[y]
    for s, split in enumerate(splits):
        best = (-1.0, 0.0, 0.0)
        for c in GRID:
            model = OneVsRestClassifier(LogisticRegression(solver="liblinear", C=c))
            probability = model.fit(x[split.train], one_hot[split.train]).predict_proba(x)
            right = probability.argmax(axis=1) == y
            if right[split.val].mean() > best[0]:
                best = (right[split.val].mean(), c, right[split.test].mean())
        assert best == (scores.val["accuracy"][s], scores.C[s], scores.test["accuracy"][s])


def test_a_class_that_a_fold_lacks_is_answered_as_scikit_learn_does(digits):
    x, y = digits[0].astype(np.float64), digits[1]
    train = np.flatnonzero(y != 4)[:80]
    models = fit_one_vs_rest(x, y, [train], np.array([1.0, 8.0]), 10)
    for k, c in enumerate([1.0, 8.0]):
        twin = OneVsRestClassifier(LogisticRegression(solver="liblinear", C=c))
        with pytest.warns(UserWarning, match="Label not 4 is present"):
            twin.fit(x[train], np.eye(10)[y[train]])
        assert np.array_equal(models.indicators(0, x)[k], twin.predict(x) == 1)
        assert np.array_equal(models.predict(0, x)[k], twin.predict_proba(x).argmax(1))


@pytest.mark.parametrize("num_classes", [2, 10])
def test_multinomial_reaches_the_optimum_of_its_formula(digits, num_classes):
    x, y = digits[0].astype(np.float64), digits[1]
    train = np.flatnonzero(y < num_classes)[:200]
    C = np.array([0.1, 4.0, 256.0])
    models = fit_multinomial(x, y, [train], C, num_classes)
    one_hot = np.eye(num_classes)[y[train]]
    for k, c in enumerate(C):
        W, b = models.weight[0, k], models.bias[0, k]
        error = softmax(x[train] @ W.T + b, axis=1) - one_hot
        # Two classes: |w|^2 / 2 of the difference is |W|^2 of the pair.
        gradient = c * error.T @ x[train] + W * (2 if num_classes == 2 else 1)
        assert np.abs(gradient).max() < 1e-5 * c * len(train)
        assert np.abs(error.sum(axis=0)).max() < 1e-5 * len(train)


def test_fitting_leaves_the_global_stream_alone(digits):
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    fit_one_vs_rest(*digits, [np.arange(60)], np.ones(1), 10)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
