"""Every probe against its formula in NumPy, or against plain scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler, normalize
from tests.probing.test_probe_contract import arrays, data  # noqa: F401

from graphssl.errors import ConfigError, DataError
from graphssl.probing import (
    AdamProbe,
    FewShot,
    KMeansClusters,
    LinkPrediction,
    NearestNeighbors,
    Ridge,
    Standardized,
)
from graphssl.probing.links import hits_at
from graphssl.probing.splits import random_splits
from graphssl.seeding import global_stream

SPLITS = {"num_splits": 2, "train_ratio": 0.2, "val_ratio": 0.2}


def test_random_splits_are_those_of_other_protocols(data):  # noqa: F811
    ours = Ridge("r", [0, 1], **SPLITS).splits(data, 5)
    for one, other in zip(ours, random_splits(600, 0.2, 0.2, 2, 5), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    given = Ridge("r", [0, 1], masks="given").splits(data, 5)
    either = Ridge("r", [0, 1], masks="given_or_random").splits(data, 5)
    assert len(given) == len(either) == 3
    np.testing.assert_array_equal(given[1].train, np.flatnonzero(data.train_mask[:, 1].numpy()))


def test_neighbours_are_scikit_learns(data):  # noqa: F811
    z, y = arrays(data)
    protocol = NearestNeighbors("knn", k=[7, 1, 20], **SPLITS)
    splits = protocol.splits(data, 0)
    found = protocol.score(z, y, splits, 0)
    for s, split in enumerate(splits):
        models = {
            k: KNeighborsClassifier(k, metric="cosine").fit(z[split.train], y[split.train])
            for k in (1, 7, 20)
        }
        val = {k: model.score(z[split.val], y[split.val]) for k, model in models.items()}
        best = max(val, key=lambda k: (val[k], -k))
        assert found.chosen["k"][s] == best
        assert found.val["accuracy"][s] == pytest.approx(val[best])
        test = models[best].score(z[split.test], y[split.test])
        assert found.test["accuracy"][s] == pytest.approx(test)


def test_of_equal_votes_the_smallest_class_and_of_equal_k_the_smallest(data):  # noqa: F811
    y = np.array([2, 1, 0, 1, 0, 2])
    z = np.eye(2)[[0, 0, 1, 0, 1, 0]] + 0.01 * np.arange(6)[:, None]
    split = random_splits(6, 0.3, 0.3, 1, 0)[0]._replace(
        train=np.array([0, 1, 2]), val=np.array([3, 4]), test=np.array([3, 5])
    )
    found = NearestNeighbors("knn", k=[2]).score(z, y, [split], 0)
    assert found.test["accuracy"] == [0.5]  # node 5 of class 2 has one vote for 1 and one for 2
    same = NearestNeighbors("knn", k=[3, 2, 1]).score(np.eye(3)[y], y, [split], 0)
    assert same.chosen["k"] == [1]


def test_ridge_is_its_closed_form(data):  # noqa: F811
    z, y = arrays(data)
    protocol = Ridge("ridge", log2_C=[-3, 6], **SPLITS)
    (split, *_) = splits = protocol.splits(data, 0)
    found = protocol.score(z, y, splits, 0)
    x = normalize(z.astype(np.float64))
    mean, targets = x[split.train].mean(axis=0), 2 * np.eye(10)[y[split.train]] - 1
    xc = x[split.train] - mean
    accuracy = {}
    for C in 2.0 ** np.arange(-3, 7):
        W = np.linalg.solve(xc.T @ xc + np.eye(40) / C, xc.T @ (targets - targets.mean(axis=0)))
        right = ((x - mean) @ W + targets.mean(axis=0)).argmax(axis=1) == y
        accuracy[C] = right[split.val].mean(), right[split.test].mean()
    best = max(accuracy, key=lambda C: (accuracy[C][0], -C))
    assert found.C[0] == best
    assert (found.val["accuracy"][0], found.test["accuracy"][0]) == pytest.approx(accuracy[best])


def test_standardized_uses_the_training_nodes_of_its_split(data):  # noqa: F811
    z, y = arrays(data)
    z = z.astype(np.float64) * 10.0 ** np.arange(-3, 5).repeat(5) + 3
    z[:, 7] = 0.1  # constant up to rounding
    protocol = Standardized("s", [-3, 1], solver="sklearn", **SPLITS)
    splits = protocol.splits(data, 0)
    found = protocol.score(z, y, splits, 0)
    batched = Standardized("s", [-3, 1], **SPLITS).score(z, y, splits, 0)
    assert batched.C == found.C
    for s, split in enumerate(splits):
        x = StandardScaler().fit(z[split.train]).transform(z)
        model = LogisticRegression(C=found.C[s], tol=1e-6, max_iter=10_000)
        model.fit(x[split.train], y[split.train])
        for part, ids in ((found.val, split.val), (found.test, split.test)):
            assert part["accuracy"][s] == pytest.approx(model.score(x[ids], y[ids]), abs=0.006)


def test_few_shot_draws_the_same_number_of_each_class(data):  # noqa: F811
    z, y = arrays(data)
    protocol = FewShot("few", shots=4, num_splits=6, C=2.0)
    splits = protocol.splits(data, 0)
    assert [split.train.tolist() for split in splits[:3]] == [
        split.train.tolist() for split in FewShot("few", 4, 3).splits(data, 0)
    ]
    assert len({tuple(sorted(split.train)) for split in splits}) == 6
    found = protocol.score(z, y, splits, 0)
    assert found.C == [2.0] * 6
    for s, split in enumerate(splits):
        assert np.bincount(y[split.train]).tolist() == [4] * 10
        assert sorted([*split.train, *split.test]) == list(range(600))
        x = normalize(z)
        model = LogisticRegression(C=2.0, tol=1e-6).fit(x[split.train], y[split.train])
        assert found.test["accuracy"][s] == pytest.approx(
            model.score(x[split.test], y[split.test]), abs=0.004
        )


def test_few_shot_and_neighbours_refuse_more_than_there_are(data):  # noqa: F811
    smallest = int(np.bincount(data.y.numpy()).min())
    FewShot("few", smallest - 1).splits(data, 0)
    with pytest.raises(DataError, match=rf"shots={smallest} of the {smallest} nodes of class \d"):
        FewShot("few", smallest).splits(data, 0)
    probe = NearestNeighbors("knn", [1, 121], **SPLITS)
    with pytest.raises(DataError, match=r"k=121 is above the 120 training nodes of split 0"):
        probe.splits(data, 0)
    NearestNeighbors("knn", [120], **SPLITS).splits(data, 0)


def test_clusters_are_compared_by_the_formulas(data):  # noqa: F811
    z, y = arrays(data)
    protocol = KMeansClusters("kmeans", restarts=3)
    found = protocol.score(z, y, protocol.splits(data, 0), 4)
    model = KMeans(10, n_init=3, random_state=4)
    table = np.zeros((10, 10))
    np.add.at(table, (y, model.fit_predict(normalize(z))), 1)
    p = table / 600

    def entropy(q):
        return -(q[q > 0] * np.log(q[q > 0])).sum()

    of_y, of_clusters = entropy(p.sum(axis=1)), entropy(p.sum(axis=0))
    mutual = of_y + of_clusters - entropy(p)
    assert found.test["nmi"] == pytest.approx([2 * mutual / (of_y + of_clusters)])
    pairs = [(t * (t - 1) / 2).sum() for t in (table, table.sum(axis=1), table.sum(axis=0))]
    expected = pairs[1] * pairs[2] / (600 * 599 / 2)
    ari = (pairs[0] - expected) / ((pairs[1] + pairs[2]) / 2 - expected)
    assert found.test["ari"] == pytest.approx([ari])


def adam(x, y, held, unseen, W, b, steps, lr, decay):
    """Test accuracy at the last best validation step, at the last step, the best; in float64."""
    theta, m, v = np.hstack([W, b[:, None]]), 0.0, 0.0
    x1, targets = np.hstack([x, np.ones((len(x), 1))]), np.eye(len(b))[y]
    best, kept, largest, kept_step = 0.0, 0.0, 0.0, 0
    for t in range(1, steps + 1):
        logits = x1 @ theta.T
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        gradient = (p - targets).T @ x1 / len(x) + decay * theta
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        theta = theta - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        val, test = (
            ((z @ theta[:, :-1].T + theta[:, -1]).argmax(axis=1) == labels).mean()
            for z, labels in (held, unseen)
        )
        if val >= best:
            best, kept, kept_step, largest = val, test, t, max(largest, test)
    return kept_step, best, kept, test, largest


@pytest.mark.parametrize("steps", [25, 60])
def test_adam_takes_the_published_steps(data, steps):  # noqa: F811
    z, y = arrays(data)
    z = z.astype(np.float64)
    probe = AdamProbe("adam", steps, lr=0.05, weight_decay=1e-2, **SPLITS)
    splits = probe.splits(data, 0)
    found = probe.score(z, y, splits, 3)
    with global_stream(3, "probe"):
        linear = torch.nn.Linear(40, 10)
    W, b = (parameter.detach().double().numpy() for parameter in linear.parameters())
    for s, split in enumerate(splits):
        held, unseen = ((z[ids], y[ids]) for ids in (split.val, split.test))
        step, val, kept, last, largest = adam(
            z[split.train], y[split.train], held, unseen, W, b, steps, 0.05, 1e-2
        )
        assert found.chosen["step"][s] == step
        assert found.val["accuracy"][s] == pytest.approx(val)
        assert found.test["accuracy"][s] == pytest.approx(kept)
        assert found.test["last_accuracy"][s] == pytest.approx(last)
        assert found.test["best_test_accuracy"][s] == pytest.approx(largest)
    at_last = AdamProbe("adam", steps, 0.05, 1e-2, keep="last", **SPLITS).score(z, y, splits, 3)
    assert at_last.test["accuracy"] == found.test["last_accuracy"]
    assert at_last.chosen["step"] == [steps] * 2


def test_links_are_scored_as_by_scikit_learn(data):  # noqa: F811
    z, y = arrays(data)
    protocol = LinkPrediction("links", 2, 0.4, [-4, 4], solver="sklearn")
    splits = protocol.splits(data, 0)
    found = protocol.score(z, y, splits, 0)
    u = normalize(z).astype(np.float64)
    for s, split in enumerate(splits):
        features = [u[pairs[:, 0]] * u[pairs[:, 1]] for pairs in split]
        scaler = StandardScaler().fit(features[0])
        train, val, test = map(scaler.transform, features)
        labels = [pairs[:, 2] for pairs in split]
        aucs = {}
        for C in 2.0 ** np.arange(-4, 5):
            model = LogisticRegression(C=C, tol=1e-6, max_iter=10_000).fit(train, labels[0])
            aucs[C] = roc_auc_score(labels[1], model.decision_function(val))
        assert aucs[found.C[s]] == pytest.approx(max(aucs.values()), abs=1e-4)
        model = LogisticRegression(C=found.C[s], tol=1e-6, max_iter=10_000).fit(train, labels[0])
        scores = model.decision_function(test)
        assert found.test["link_auc"][s] == pytest.approx(
            roc_auc_score(labels[2], scores), abs=1e-3
        )
        ap = average_precision_score(labels[2], scores)
        assert found.test["link_ap"][s] == pytest.approx(ap, abs=1e-3)
        kth = sorted(scores[labels[2] == 0], reverse=True)[49]
        hits = (scores[labels[2] == 1] > kth).mean()
        assert found.test["hits_at_50"][s] == pytest.approx(hits, abs=0.01)


def test_hits_count_ties_with_the_kth_as_misses():
    positive, negative = np.array([3.0, 2.0, 1.0, 0.0]), np.array([5.0, 2.0, 2.0, -1.0])
    assert [hits_at(positive, negative, k) for k in (1, 2, 3, 4)] == [0, 0.25, 0.25, 1]


def test_pairs_of_links_are_held_out_filtered_and_never_shared(data):  # noqa: F811
    def keys(pairs):
        return {tuple(pair) for pair in np.sort(pairs[:, :2], axis=1).tolist()}

    held = keys(data.held_out_edges.T.numpy())
    graph = {(i, j) for i, j in np.sort(data.graph.edge_index.T.numpy(), axis=1).tolist() if i != j}
    splits = LinkPrediction("links", 3, 0.4, [0, 1]).splits(data, 0)
    for split in splits:
        edges, others = zip(
            *((keys(p[p[:, 2] == 1]), keys(p[p[:, 2] == 0])) for p in split), strict=True
        )
        assert edges[0] == graph  # fewer than the most that are used
        assert edges[1] | edges[2] == held
        assert not edges[1] & edges[2]
        assert len(edges[1]) == int(0.4 * len(held))
        assert not set().union(*others) & (graph | held)
        assert [len(o) for o in others] == [len(e) for e in edges]
        assert len(set().union(*others)) == sum(map(len, others))
    assert keys(splits[0].val) != keys(splits[1].val)


def test_a_graph_too_small_for_hits_leaves_them_out():
    rng = np.random.default_rng(0)
    pairs = np.column_stack([rng.integers(30, size=(80, 2)), np.arange(80) % 2])
    split = random_splits(6, 0.3, 0.3, 1, 0)[0]._replace(train=pairs, val=pairs, test=pairs)
    scores = LinkPrediction("links", 1, 0.4, [0, 1]).score(
        rng.normal(size=(30, 4)), np.zeros(30, dtype=int), [split], 0
    )
    assert set(scores.test) == {"link_auc", "link_ap"}


BAD = [
    (
        lambda: NearestNeighbors("n", k=[]),
        r"k must be a list of whole numbers, \[1,5,10\], got \[\]",
    ),
    (lambda: NearestNeighbors("n", k=3), "k must be a list of whole numbers, .* got 3"),
    (lambda: NearestNeighbors("n", k=[0]), "k must be a whole number, 1 or more, got 0"),
    (lambda: NearestNeighbors("n", [1], masks="own"), "masks must be one of given, random, "),
    (lambda: NearestNeighbors("n", [1], val_ratio=0.0), "n needs validation nodes: val_ratio"),
    (lambda: Ridge("r", [1, 0]), r"log2_C .* got \[1, 0\]"),
    (lambda: Standardized("s", [0, 1], solver="saga"), "solver must be .* got 'saga'"),
    (lambda: FewShot("f", 0), "shots must be a whole number, 1 or more, got 0"),
    (lambda: FewShot("f", 1, C=0), "C must be a finite number, above 0, got 0"),
    (lambda: FewShot("f", 1, num_splits=0), "num_splits must be .* got 0"),
    (lambda: KMeansClusters("k", restarts=0), "restarts must be a whole number, 1 or more, got 0"),
    (lambda: AdamProbe("a", 0, 0.1, 0.0), "steps must be a whole number, 1 or more, got 0"),
    (lambda: AdamProbe("a", 1, 0.0, 0.0), "lr must be a finite number, above 0, got 0.0"),
    (lambda: AdamProbe("a", 1, 0.1, -1.0), "weight_decay must be .* at least 0, got -1.0"),
    (lambda: AdamProbe("a", 1, 0.1, 0.0, keep="first"), "keep must be one of best, last"),
    (lambda: AdamProbe("a", 1, 0.1, 0.0, device="disk"), "device must be cpu, .* got 'disk'"),
    (lambda: LinkPrediction("l", 1, 1.0, [0, 1]), "val_ratio must be .* below 1, got 1.0"),
    (lambda: LinkPrediction("l", 0, 0.5, [0, 1]), "num_splits must be .* got 0"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_bad_arguments_are_one_line(make, message):
    with pytest.raises(ConfigError, match=message) as error:
        make()
    assert "\n" not in str(error.value)
