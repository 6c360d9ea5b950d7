from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import f1_score, roc_auc_score

from graphssl.contracts import ProbeScores, Split
from graphssl.errors import ConfigError, DataError
from graphssl.probing.metrics import check_metric, macro_f1, majority_share, measure, roc_auc
from graphssl.probing.protocols import CrossValidatedSplits, GivenSplits, RandomSplits
from graphssl.probing.solvers.linear import LinearModels

LABELS = arrays(np.int64, 30, elements=st.integers(0, 4))


@given(LABELS, LABELS)
def test_macro_f1_is_scikit_learns(y, predicted):
    assert macro_f1(y, predicted) == pytest.approx(f1_score(y, predicted, average="macro"))


@given(arrays(bool, 30), arrays(np.float64, 30, elements=st.integers(-3, 3)))
def test_roc_auc_is_scikit_learns_with_ties(positive, scores):
    positive[:2] = [True, False]
    assert roc_auc(positive, scores) == pytest.approx(roc_auc_score(positive, scores))


@pytest.fixture
def two_classes(masked):
    """The digits, odd or even, with the given splits."""
    return replace(masked, y=masked.y % 2, num_classes=2, metric="roc_auc")


@pytest.mark.parametrize("part", ["test", "val"])
@pytest.mark.parametrize(
    "protocol",
    [
        GivenSplits("given", [2, 2]),
        GivenSplits("one_vs_rest", [2, 2], classifier="one_vs_rest", solver="sklearn"),
        RandomSplits("random", 2, 0.1, 0.1, [2, 2]),
        CrossValidatedSplits("folds", 2, 0.2, "shuffle_split", [2, 2]),
    ],
    ids=lambda protocol: protocol.name,
)
def test_a_protocol_measures_all_metrics_of_the_model_it_chose(protocol, part, two_classes):
    """Against scikit-learn, on scores of the model that the protocol's own solver fits."""
    from graphssl.probing.solvers.linear import normalized_rows

    rows, y = two_classes.graph.x.numpy(), two_classes.y.numpy()
    splits = protocol.splits(two_classes, 0)
    found = getattr(protocol.score(rows, y, splits, 0), part)
    if part == "val" and not protocol.has_validation:
        assert found == {}
        return
    x = normalized_rows(rows, y)
    for s, split in enumerate(splits):
        nodes = getattr(split, part)
        model = protocol._fit(x, y, [split.train], np.array([4.0]), 2)
        scores = model.scores(0, x[nodes])[0].astype(float)
        predicted = model.predict(0, x[nodes])[0]
        assert found["accuracy"][s] == pytest.approx((predicted == y[nodes]).mean(), abs=0.006)
        expected = f1_score(y[nodes], predicted, average="macro")
        assert found["macro_f1"][s] == pytest.approx(expected, abs=0.006)
        expected = roc_auc_score(y[nodes], scores[:, 1] - scores[:, 0])
        assert found["roc_auc"][s] == pytest.approx(expected, abs=1e-3)


def test_roc_auc_orders_by_the_difference_of_both_scores_and_needs_both_classes():
    """Scores (2a, a): the second alone orders the nodes the other way round."""
    rows, y = np.array([[1.0], [2.0], [3.0]]), np.array([1, 1, 0])
    models = LinearModels(np.array([[[[2.0], [1.0]]]]), np.zeros((1, 1, 2)), one_vs_rest=True)
    found = measure(models, rows, y, [np.arange(3)])
    assert found["roc_auc"] == [1.0]
    assert found["accuracy"] == [1 / 3]
    assert list(measure(models, rows, y, [np.arange(2)])) == ["accuracy", "macro_f1"]


def test_the_majority_share_is_of_the_test_nodes():
    y = np.array([0, 0, 0, 0, 1, 1, 2, 2])
    splits = [
        Split(np.arange(4), np.arange(0), np.arange(4, 7)),
        Split(np.arange(4, 8), np.arange(0), np.arange(4)),
    ]
    assert majority_share(y, splits) == pytest.approx((2 / 3 + 1) / 2)
    assert majority_share(y, [splits[0]._replace(test=np.arange(0))]) == 0


def test_the_metric_of_a_graph_is_checked(masked, two_classes):
    splits = {"given": GivenSplits("given", [0, 1]).splits(two_classes, 0)}
    check_metric(two_classes, splits)
    with pytest.raises(ConfigError, match=r"accuracy, macro_f1, roc_auc, micro_f1, got 'auc'"):
        check_metric(replace(masked, metric="auc"), splits)
    with pytest.raises(ConfigError, match=r"roc_auc needs two classes, but digits has 10"):
        check_metric(replace(masked, metric="roc_auc"), splits)
    y = two_classes.y.clone()
    y[splits["given"][1].val] = 1
    with pytest.raises(DataError, match="validation nodes of split 1 of given are all of class 1"):
        check_metric(replace(two_classes, y=y), splits)
    check_metric(replace(two_classes, y=torch.ones_like(y), metric="accuracy"), splits)


@pytest.mark.parametrize(
    ("metric", "test", "val", "message"),
    [
        ("nmi", {"accuracy": [0.5]}, {}, "metric='nmi' is not among .* accuracy"),
        ("nmi", {}, {}, "returned: none"),
        ("nmi", {"nmi": []}, {}, "0 scores for 0 splits"),
        ("nmi", {"nmi": [0.5, 0.4]}, {"nmi": [0.5]}, r"val\['nmi'\] has 1 scores for 2 splits"),
        ("nmi", {"nmi": [53.0]}, {}, r"test\['nmi'\] contains 53.0; .* at most 1"),
        ("nmi", {"nmi": [0.5], "x": [float("nan")]}, {}, r"test\['x'\] contains nan"),
    ],
)
def test_scores_that_do_not_hold_together_name_the_probe(metric, test, val, message):
    with pytest.raises(ConfigError, match=rf"^probe mine: .*{message}"):
        ProbeScores("mine", "none", metric, test, val, [], 0)
