"""Protocols on graphs with few labels, and with several labels per node."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import normalize

from graphssl.errors import ConfigError, DataError
from graphssl.probing import CrossValidatedSplits, GivenSplits, RandomSplits
from graphssl.probing.labelled import labelled_nodes, score_labelled, splits_of
from graphssl.probing.metrics import check_metric, majority_share, micro_f1

PROTOCOLS = [
    CrossValidatedSplits("folds", 2, 0.3, "k_fold", (-3, 3)),
    CrossValidatedSplits("halves", 2, 0.3, "shuffle_split", (-3, 3), solver="batched"),
    GivenSplits("given", (-3, 3)),
    RandomSplits("random", 2, 0.3, 0.3, (-3, 3)),
]


@pytest.fixture
def partly(masked):
    """The digits, a third of them without a label."""
    hidden = torch.arange(600) % 3 == 1
    return replace(masked, y=masked.y.masked_fill(hidden, -1))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.name)
def test_scores_are_those_of_the_labelled_nodes_alone(protocol, partly, digits):
    keep = partly.labelled.numpy()
    masks = {k: getattr(partly, k)[keep] for k in ("train_mask", "val_mask", "test_mask")}
    alone = replace(partly, y=partly.y[keep], **masks)
    wanted = protocol.splits(alone, 3)
    splits = splits_of(protocol, partly, 3)
    for ours, theirs in zip(splits, wanted, strict=True):
        for ids, positions in zip(ours, theirs, strict=True):
            assert ids.tolist() == np.flatnonzero(keep)[positions].tolist()
            assert (partly.y.numpy()[ids] >= 0).all()
    rows = digits[0].copy()
    rows[~keep] = np.nan  # whatever stands there, no protocol sees it
    assert score_labelled(protocol, rows, partly.y.numpy(), splits, 3) == protocol.score(
        rows[keep], alone.y.numpy(), wanted, 3
    )


def test_given_parts_without_a_labelled_node_are_an_error(masked):
    y = masked.y.masked_fill(masked.test_mask[:, 1], -1)
    with pytest.raises(DataError, match="split 1 of digits has no test nodes with a label"):
        splits_of(GivenSplits("given", (0, 0)), replace(masked, y=y), 0)


@pytest.fixture
def several(digits):
    """Rows, and four overlapping labels; the last node has none, no node has the fourth."""
    x, y = digits
    table = np.stack([y % 2 == 0, y < 5, y % 3 == 0, y > 9], 1).astype(np.int64)
    table[-1] = -1
    return x, table


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.name)
def test_micro_f1_of_several_labels_is_that_of_scikit_learn(protocol, several, masked):
    x, table = several
    dataset = replace(masked, y=torch.from_numpy(table), num_classes=4)
    splits = splits_of(protocol, dataset, 1)
    scores = score_labelled(protocol, x, table, splits, 1)
    assert (scores.metric, list(scores.test)) == ("micro_f1", ["micro_f1"])
    rows = normalize(x.astype(np.float64))
    for s, split in enumerate(splits):
        assert 599 not in np.concatenate(split)
        C = scores.C[s]
        assert -3 <= np.log2(C) <= 3
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # no node has the fourth label
            fitted = OneVsRestClassifier(LogisticRegression(solver="liblinear", C=C, tol=1e-8)).fit(
                rows[split.train], table[split.train]
            )
            for nodes, found in ((split.test, scores.test), (split.val, scores.val)):
                if len(nodes):
                    wanted = f1_score(table[nodes], fitted.predict(rows[nodes]), average="micro")
                    assert found["micro_f1"][s] == pytest.approx(wanted, abs=2e-3)


def test_c_is_chosen_by_validated_micro_f1(several, masked):
    x, table = several
    dataset = replace(masked, y=torch.from_numpy(table), num_classes=4)
    grids = [(-9, 5), *((k, k) for k in range(-9, 6))]
    protocols = [GivenSplits("given", grid, solver="sklearn") for grid in grids]
    chosen, *single = (score_labelled(p, x, table, splits_of(p, dataset, 0), 0) for p in protocols)
    each = np.array([one.val["micro_f1"] for one in single])  # (C, S)
    assert chosen.val["micro_f1"] == pytest.approx(each.max(0))
    assert np.log2(chosen.C).tolist() == [-9 + int(k) for k in each.argmax(0)]


def test_micro_f1_counts_over_nodes_and_classes():
    rng = np.random.default_rng(0)
    y, predicted = rng.integers(2, size=(2, 30, 5))
    assert micro_f1(y, predicted == 1) == pytest.approx(f1_score(y, predicted, average="micro"))
    assert micro_f1(np.zeros((3, 2), int), np.zeros((3, 2), bool)) == 0


def test_the_floor_of_several_labels_predicts_all_of_them(several, masked):
    _, table = several
    dataset = replace(masked, y=torch.from_numpy(table))
    splits = splits_of(PROTOCOLS[2], dataset, 0)
    wanted = [f1_score(table[s.test], np.ones_like(table[s.test]), average="micro") for s in splits]
    assert majority_share(table, splits) == pytest.approx(np.mean(wanted))


def test_metrics_fit_the_number_of_labels(several, masked):
    many = replace(masked, y=torch.from_numpy(several[1]))
    for dataset in (many, replace(many, metric="micro_f1"), masked):
        check_metric(dataset, {})
    with pytest.raises(ConfigError, match=r"metric=macro_f1: .* have several labels each; use mic"):
        check_metric(replace(many, metric="macro_f1"), {})
    with pytest.raises(ConfigError, match=r"metric=micro_f1: .* have one label each; use accuracy"):
        check_metric(replace(masked, metric="micro_f1"), {})


def test_labelled_nodes_of_both_kinds():
    assert labelled_nodes(np.array([2, -1, 0])).tolist() == [0, 2]
    assert labelled_nodes(np.array([[0, 0], [-1, -1]])).tolist() == [0]
