"""Small parts at their joints: which argument goes where, and in which order."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import KFold, ShuffleSplit
from torch_geometric.data import Data

from graphssl.contracts import NodeDataset, ProbeScores, Split, StepOutput
from graphssl.data.node_dataset import node_dataset
from graphssl.data.synthetic import CSBMDataset
from graphssl.diagnostics.summary import weight_diagnostics
from graphssl.graph import Graph
from graphssl.probing.metrics import measure
from graphssl.probing.protocols import GivenSplits, RandomSplits
from graphssl.probing.selection import select_by_folds, select_on_validation
from graphssl.probing.solvers.linear import LinearModels
from graphssl.regularizers.werank import WERank
from graphssl.results.identity import identity
from graphssl.results.record import RunRecord, scores_entry


def test_transforms_are_applied_in_their_order():
    def double(data):
        return Data(**{**data.to_dict(), "x": 2 * data.x})

    def add_one(data):
        return Data(**{**data.to_dict(), "x": data.x + 1})

    edges = torch.tensor([[0, 1], [1, 0]])
    data = Data(x=torch.ones(2, 3), edge_index=edges, y=torch.tensor([0, 1]))
    assert node_dataset("g", data, [double, add_one]).graph.x.unique().tolist() == [3.0]
    assert node_dataset("g", data, [add_one, double]).graph.x.unique().tolist() == [4.0]


@pytest.mark.parametrize(("lam", "share"), [(1.5, 0.75), (-1.5, 0.25), (0.0, 0.5)])
def test_edges_of_a_contextual_block_model_stay_inside_the_classes_as_often_as_lam_says(lam, share):
    """``(d + lam sqrt(d)) / 2d`` of them; five standard deviations are allowed."""
    data = CSBMDataset(2000, 4, average_degree=9, lam=lam, mu=0.0).load(None)
    same = (data.y[data.graph.edge_index[0]] == data.y[data.graph.edge_index[1]]).double()
    assert same.mean().item() == pytest.approx(share, abs=5 * 0.5 / 9000**0.5)


@pytest.fixture
def masked():
    """Three classes in twelve nodes with two given splits, and rows that tell the classes."""
    y = torch.arange(12) % 3
    columns = [
        torch.stack([torch.arange(12) // 3 == a, torch.arange(12) // 3 == b], 1)
        for a, b in ((0, 1), (1, 2), (3, 0))
    ]
    graph = Graph(torch.eye(3)[y], torch.tensor([[0, 1], [1, 0]]))
    return NodeDataset("toy", graph, y, 3, *columns)


def test_given_masks_become_splits_in_their_own_places(masked):
    protocol = GivenSplits("given", [0, 1])
    found = [tuple(part.tolist() for part in split) for split in protocol.splits(masked, 0)]
    assert found == [([0, 1, 2], [3, 4, 5], [9, 10, 11]), ([3, 4, 5], [6, 7, 8], [0, 1, 2])]


def test_a_random_split_has_the_ratios_in_their_own_places(masked):
    protocol = RandomSplits("random", 3, train_ratio=0.5, val_ratio=0.25, log2_C=[0, 1])
    for split in RandomSplits.splits(protocol, masked, 4):
        assert [len(part) for part in split] == [6, 3, 3]
        assert sorted(np.concatenate(split)) == list(range(12))


# ---- the record


def entry(values, accuracies):
    val = {"accuracy": values} if values else {}
    return {"metric": "accuracy", "val": val, "test": {"accuracy": accuracies}}


@pytest.mark.parametrize(("seed", "value"), [(0, 0.1), (1, 0.2), (2, 0.3), (3, 0.1)])
def test_what_a_sweep_optimises_is_validation_accuracy_on_the_split_of_the_seed(seed, value):
    record = RunRecord(
        "", 0, "", seed, {}, {}, {}, {}, False, None,
        {"first": entry([], [0.9]), "second": entry([0.1, 0.2, 0.3], [0.7, 0.8, 0.9])},
        {"representation": {"rankme_centred": 4.0}}, {}, {},
    )  # fmt: skip
    assert record.value("val_accuracy") == value
    assert record.value("rankme_centred") == 4.0


def test_scores_are_summed_up_over_their_splits():
    test, val = {"accuracy": [0.5, 0.7, 0.9]}, {"accuracy": [0.1, 0.1, 0.1]}
    scores = scores_entry(
        ProbeScores("p", "s", "accuracy", test, val, [1, 1, 1], 0), "accuracy", 0.4
    )
    assert scores["test_mean"] == pytest.approx(0.7)
    assert scores["test_std"] == pytest.approx(np.std([0.5, 0.7, 0.9]))


# ---- which C a probe takes, told by a fit that answers what it is told to


@pytest.mark.parametrize("folds", ["shuffle_split", "k_fold"])
def test_folds_are_drawn_in_the_training_nodes_and_scored_by_the_subset_accuracy(folds):
    """A node is right where its own class and no other is more likely than not."""
    y = np.arange(60) % 2
    rows = np.eye(2)[y]
    train = np.arange(60)[::-1][:40].copy()
    split = Split(train, np.array([], dtype=np.int64), np.arange(20))
    seen = []

    def fit(rows, y, trains, C, num_classes):
        seen.append(([part.tolist() for part in trains], list(C)))
        # C = 1: both classes above 0, the right one larger; 2: the right one alone; 4: neither
        shift = {1.0: 0.5, 2.0: -0.5, 4.0: -1.5}
        weight = np.array([[np.eye(2) for _ in C] for _ in trains])
        bias = np.array([[np.full(2, shift[c]) for c in C] for _ in trains])
        return LinearModels(weight, bias, one_vs_rest=True)

    chosen = select_by_folds(rows, y, [split], np.array([1.0, 2.0, 4.0]), fit, folds, seed=3)
    assert chosen.C == [2.0]  # by arg-max all three are always right, and 1 would be taken
    twin = KFold(5) if folds == "k_fold" else ShuffleSplit(5, test_size=0.5, random_state=3)
    inner = [train[a].tolist() for a, _ in twin.split(train)]
    assert seen == [(inner, [1.0, 2.0, 4.0]), ([train.tolist()], [2.0])]


def test_among_equal_folds_the_smallest_c_is_taken():
    y = np.arange(40) % 2
    split = Split(np.arange(40), np.array([], dtype=np.int64), np.arange(0))

    def fit(rows, y, trains, C, num_classes):
        weight = np.array([[np.eye(2) * (1 if c > 1 else -1) for c in C] for _ in trains])
        return LinearModels(weight, np.full((len(trains), len(C), 2), -0.5), one_vs_rest=True)

    C = np.array([1.0, 2.0, 4.0, 8.0])  # the first is always wrong, the others always right
    chosen = select_by_folds(np.eye(2)[y], y, [split], C, fit, "k_fold", seed=0)
    assert chosen.C == [2.0]


def test_c_is_chosen_on_validation_nodes_after_fitting_on_training_nodes_alone():
    y = np.arange(12) % 2
    rows = np.eye(2)[y]
    split = Split(np.arange(4), np.arange(4, 8), np.arange(8, 12))
    rows[split.test] = rows[split.test][:, ::-1]  # there the other C is right
    seen = []

    def fit(rows, y, trains, C, num_classes):
        seen.append([part.tolist() for part in trains])
        weight = np.array([[np.eye(2) if c == 2 else -np.eye(2) for c in C] for _ in trains])
        return LinearModels(weight, np.zeros((len(trains), len(C), 2)), one_vs_rest=False)

    chosen = select_on_validation(rows, y, [split], np.array([1.0, 2.0, 4.0]), fit)
    assert seen == [[[0, 1, 2, 3]]]
    assert chosen.C == [2.0]
    assert measure(chosen.models, rows, y, [split.val])["accuracy"] == [1.0]
    assert measure(chosen.models, rows, y, [split.test])["accuracy"] == [0.0]


# ---- what names a run


def plain(**trainer):
    groups = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
    settings = {
        "steps": 5, "warmup": 0.1, "precision": "fp32", "grad_clip": None, "select": "last",
        "eval_every": 2, "log_every": 1, "schedule": "cosine",
    }  # fmt: skip
    return {**{group: {"a": 1} for group in groups}, "seed": 0, "trainer": settings | trainer}


@pytest.mark.parametrize(
    ("before", "change", "another"),
    [
        ({}, {"steps": 6}, True),
        ({}, {"warmup": 0.2}, True),
        ({}, {"schedule": "constant"}, True),
        ({}, {"precision": "bf16"}, True),
        ({}, {"grad_clip": 1.0}, True),
        ({}, {"select": "val_accuracy"}, True),
        ({}, {"eval_every": 3}, False),
        ({}, {"log_every": 3}, False),
        # which weights can be selected depends on when they are looked at
        ({"select": "val_accuracy"}, {"eval_every": 3}, True),
        ({"select": "effective_rank_centred"}, {"eval_every": 3}, True),
    ],
)
def test_a_setting_names_the_run_where_it_moves_a_weight(before, change, another):
    one, other = identity(plain(**before)), identity(plain(**before | change))
    assert (one != other) is another


def test_another_behaviour_is_another_run(monkeypatch):
    before = identity(plain())
    monkeypatch.setattr("graphssl.results.identity.BEHAVIOUR_VERSION", 10**6)
    assert identity(plain()) != before


# ---- weights one after the other


def test_the_floor_of_a_penalty_has_its_alphas():
    weights = {"encoder.0": torch.randn(9, 5), "encoder.1": torch.randn(6, 2)}  # sqrt(4), sqrt(4)
    werank = WERank(alpha={"encoder.0": 0.5, "encoder.1": 0.1})
    penalty = werank(weights, StepOutput(torch.zeros(()), ()))
    assert penalty.floors == {"encoder.0": 2.0, "encoder.1": 2.0}
    assert penalty.floor == pytest.approx(0.5 * 2 + 0.1 * 2)


def test_the_alignment_of_a_chain_is_between_one_layer_and_the_next():
    g = torch.Generator().manual_seed(0)
    first, second, third = (torch.randn(6, 6, generator=g).double() for _ in range(3))
    found = weight_diagnostics({f"convs.{i}": w for i, w in enumerate((first, second, third))})
    for name, one, following in (("convs.0", first, second), ("convs.1", second, third)):
        # what a layer puts out: left singular vectors of (out, in); what the next one takes in
        out, into = torch.linalg.svd(one)[0], torch.linalg.svd(following)[2].T
        expected = (out.T @ into).square().diagonal().mean().item()
        assert found.values[f"{name}/alignment_to_next"] == pytest.approx(expected)
    assert "convs.2/alignment_to_next" not in found.values
