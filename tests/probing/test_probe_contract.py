"""Every conf/probe/*.yaml keeps the contract; a new one is covered by being there."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.neighbors import kneighbors_graph
from torch_geometric.data import Data

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.folder import config_dir
from graphssl.contracts import NodeDataset, ProbeScores, Split
from graphssl.data.hold_out import HoldOutEdges
from graphssl.data.node_dataset import node_dataset
from graphssl.errors import DataError, GraphSSLError
from graphssl.metric_names import metric_label

FOLDER = config_dir() / "probe"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
WITHOUT_LABELS = ("kmeans", "link_prediction")
VALIDATED = [name for name in NAMES if name not in ("bgrl_official", "grace", "few_shot", "kmeans")]
METRIC = {"kmeans": "nmi", "link_prediction": "link_auc"}
SMALL = {"num_splits": 2, "log2_C": "[-2,2]", "steps": 40, "restarts": 2, "k": "[1,5]"}


@cache
def made(name):
    """The protocol ``name``, smaller where it has such a key."""
    path = f"probe.protocols.{name}"
    keys = compose([f"probe=[{name}]"])[0].probe.protocols[name]
    small = [f"{path}.{key}={value}" for key, value in SMALL.items() if key in keys]
    return build.protocols(compose([f"probe=[{name}]", *small])[0])[name]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="session")
def data(digits) -> NodeDataset:
    """600 digits with three given splits, 7,200 edges to near ones, 15 % of them held out."""
    x, y = digits
    near = kneighbors_graph(x, 6, metric="cosine", include_self=False)
    rows, columns = near.maximum(near.T).nonzero()
    part = np.stack([np.random.default_rng(s).permutation(600) // 100 for s in range(3)], 1)
    masks = [torch.from_numpy(mask) for mask in (part == 0, part == 1, part > 1)]
    graph = Data(
        x=torch.from_numpy(x), y=torch.from_numpy(y),
        edge_index=torch.from_numpy(np.stack([rows, columns]).astype(np.int64)),
        train_mask=masks[0], val_mask=masks[1], test_mask=masks[2],
    )  # fmt: skip
    return node_dataset("digits", graph, [HoldOutEdges(0.15)])


def arrays(data):
    return data.graph.x.numpy(), data.y.numpy()


def one_line(error) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_named_probes_are_there():
    assert NAMES == [
        "bgrl_official", "cca_ssg", "few_shot", "grace", "graphmae", "kmeans", "knn",
        "link_prediction", "public_split", "random_10_10_80", "ridge", "standardized",
        "wikics_preset",
    ]  # fmt: skip


def test_its_yaml_names_and_describes_it(name):
    header = (FOLDER / f"{name}.yaml").read_text().splitlines()
    assert header[0] == f"# @package probe.protocols.{name}"
    assert header[1].startswith("# ")
    assert made(name).name == name


def test_it_scores_well_and_repeats_itself_without_the_global_streams(name, data):
    rows, y = arrays(data)
    protocol = made(name)
    splits = protocol.splits(data, 1)
    scores = protocol.score(rows, y, splits, 1)
    assert scores.metric == METRIC.get(name, "accuracy")
    assert metric_label(scores.metric) != "nmi"
    assert 0.5 < np.mean(scores.test[scores.metric]) <= 1
    assert {len(v) for part in (scores.test, scores.val) for v in part.values()} == {len(splits)}
    assert {len(v) for v in scores.chosen.values()} <= {len(splits)}
    assert bool(scores.val) == (name in VALIDATED)
    if name not in WITHOUT_LABELS:
        assert protocol.has_validation == all(len(split.val) for split in splits)
        assert {"accuracy", "macro_f1"} <= set(scores.test)
    np.random.seed(9)  # noqa: NPY002
    torch.manual_seed(9)
    state, theirs = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    again = protocol.splits(data, 1)
    for one, other in zip(splits, again, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert protocol.score(rows, y, again, 1) == scores
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], theirs)  # noqa: NPY002


def test_the_score_of_a_split_does_not_depend_on_its_company(name, data):
    rows, y = arrays(data)
    splits = made(name).splits(data, 1)
    together = made(name).score(rows, y, splits, 1)
    alone = made(name).score(rows, y, splits[-1:], 1)
    for one, both in ((alone.test, together.test), (alone.val, together.val)):
        assert {m: v[0] for m, v in one.items()} == {m: v[-1] for m, v in both.items()}
    for one, both in (
        (alone.C, together.C),
        *((alone.chosen[k], together.chosen[k]) for k in alone.chosen),
    ):
        assert list(one) == list(both)[-1:]


def test_nothing_of_the_test_part_reaches_a_choice(name, data):
    """Neither labels nor rows: what is chosen and the validation scores stay, test scores fall."""
    if name == "kmeans":
        return  # chooses nothing
    rows, y = arrays(data)
    (split, *_), protocol = made(name).splits(data, 1), made(name)
    honest = protocol.score(rows, y, [split], 1)
    lies, twisted = y.copy(), split
    if split.test.ndim == 1:
        lies[split.test] = (y[split.test] + 1) % 10
    else:
        wrong = split.test.copy()
        wrong[:, 2] = 1 - wrong[:, 2]
        twisted = split._replace(test=wrong)
    blind = protocol.score(rows, lies, [twisted], 1)
    assert (blind.C, blind.chosen, blind.val) == (honest.C, honest.chosen, honest.val)
    metric = honest.metric
    assert blind.test[metric][0] < 0.5 < honest.test[metric][0]


def test_a_collapsed_embedding_has_a_score(name, data):
    rows, y = arrays(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        splits = made(name).splits(data, 0)
        for same in (np.ones_like(rows), np.zeros_like(rows)):
            scores = made(name).score(same, y, splits, 0)
            assert np.mean(scores.test[scores.metric]) < 0.55


@pytest.mark.parametrize(
    ("twist", "message"),
    [
        (lambda z: z[:-1], "do not fit 600 labels"),
        (lambda z: z[:, 0], "do not fit 600 labels"),
        (lambda z: np.where(np.arange(600)[:, None] == 3, np.nan, z), "in 1 of 600 rows"),
    ],
)
def test_embeddings_that_cannot_be_probed_are_one_line(name, data, twist, message):
    rows, y = arrays(data)
    with pytest.raises(DataError) as error:
        made(name).score(twist(rows), y, made(name).splits(data, 0), 0)
    assert message in one_line(error)


def test_one_class_is_one_line(name, data):
    if name == "link_prediction":
        return  # does not read the classes
    single = replace(data, y=torch.zeros_like(data.y), num_classes=1)
    with pytest.raises(DataError) as error:
        made(name).splits(single, 0)
    assert "are of one class" in one_line(error)


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_part_without_nodes_is_one_line(name, data, part):
    rows, y = arrays(data)
    needed = {"bgrl_official": ("train", "test"), "grace": ("train", "test"),
              "few_shot": ("train", "test"), "kmeans": ("test",)}  # fmt: skip
    if part not in needed.get(name, Split._fields):
        return
    (split, *_) = made(name).splits(data, 0)
    with pytest.raises(DataError) as error:
        made(name).score(rows, y, [split._replace(**{part: split.test[:0]})], 0)
    said = {"train": "training", "val": "validation", "test": "test"}[part]
    assert f"{name} needs {said} nodes, but split 0 has none" == one_line(error)
    with pytest.raises(DataError, match="at least one split, got none"):
        made(name).score(rows, y, [], 0)


def test_two_classes_have_a_roc_auc(name, data):
    if name in WITHOUT_LABELS:
        return
    two = replace(data, y=data.y % 2, num_classes=2)
    rows, y = arrays(two)
    scores = made(name).score(rows, y, made(name).splits(two, 0), 0)
    assert 0.6 < np.mean(scores.test["roc_auc"]) <= 1
    assert min(scores.test["roc_auc"]) != scores.test["accuracy"][0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1.5, -np.inf])
def test_a_score_of_ones_own_that_is_none_is_one_line(bad):
    with pytest.raises(GraphSSLError) as error:
        ProbeScores("mine", "own", "nmi", {"nmi": [0.5, bad]}, {}, C=[], split_seed=0)
    assert f"probe mine: test['nmi'] contains {bad}" in one_line(error)


def test_a_probe_of_ones_own_that_returns_nan_is_one_line_of_its_run(small_run, monkeypatch):
    protocol = made("kmeans")
    nothing = ProbeScores("kmeans", "k-means", "nmi", {"nmi": [0.5]}, {}, [], 0)
    monkeypatch.setattr(
        type(protocol), "score", lambda *_: replace(nothing, test={"nmi": [np.nan]})
    )
    with pytest.raises(GraphSSLError) as error:
        small_run("trainer.steps=1", "probe=[kmeans]", "trainer.eval_every=0")
    assert "probe kmeans: test['nmi'] contains nan" in one_line(error)
