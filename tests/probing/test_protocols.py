import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

import graphssl.probing.selection as selection
from graphssl.config.folder import config_dir
from graphssl.errors import ConfigError, DataError
from graphssl.probing.protocols import CrossValidatedSplits, GivenSplits, RandomSplits
from graphssl.probing.solvers.batched import fit_batched
from graphssl.probing.solvers.choose import MAX_EXPONENT
from graphssl.probing.solvers.liblinear import fit_one_vs_rest
from graphssl.probing.solvers.linear import normalized_rows

FOLDER = config_dir() / "probe"
NAMES = ("bgrl_official", "grace", "public_split", "random_10_10_80", "wikics_preset")
FILES = [FOLDER / f"{name}.yaml" for name in NAMES]  # by logistic regression on rows of length 1
SMALL = {"num_splits": 2, "log2_C": [2, 3]}


def protocol_of(file: Path, **changes: object):
    keys = yaml.safe_load(file.read_text())
    return instantiate(keys | {k: v for k, v in changes.items() if k in keys})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("solver", ["sklearn", "batched"])
def test_every_protocol_scores_and_repeats_itself(file, solver, masked):
    header = file.read_text().splitlines()
    assert header[0] == f"# @package probe.protocols.{file.stem}"
    assert header[1].startswith("# ")
    protocol = protocol_of(file, **SMALL, solver=solver)
    assert protocol.name == file.stem
    rows, y = masked.graph.x.numpy(), masked.y.numpy()
    splits = protocol.splits(masked, 1)
    scores = protocol.score(rows, y, splits, 1)
    parts = (scores.test, scores.val) if protocol.has_validation else (scores.test,)
    assert scores.metric == "accuracy"
    for part in parts:
        assert list(part) == ["accuracy", "macro_f1"]
        for values in part.values():
            assert len(values) == len(scores.C) == len(splits)
            assert 0.75 < np.mean(values) < 1
    assert protocol.has_validation or scores.val == {}
    assert (scores.solver == "batched") == (solver == "batched")
    np.random.seed(9)  # noqa: NPY002 - neither global stream may matter
    torch.manual_seed(9)
    assert protocol_of(file, **SMALL, solver=solver).score(rows, y, splits, 1) == scores


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_score_of_a_split_does_not_depend_on_its_company(file, masked):
    protocol = protocol_of(file, **SMALL, solver="sklearn")
    rows, y = masked.graph.x.numpy(), masked.y.numpy()
    splits = protocol.splits(masked, 1)
    together = protocol.score(rows, y, splits, 1)
    alone = protocol.score(rows, y, splits[1:2], 1)
    assert alone.C[0] == together.C[1]
    for one, both in ((alone.test, together.test), (alone.val, together.val)):
        assert {m: v[0] for m, v in one.items()} == {m: v[1] for m, v in both.items()}


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("by_folds", [False, True])
def test_test_labels_choose_nothing(digits, batched, by_folds):
    x, y = digits
    order = np.random.default_rng(0).permutation(600)
    split = selection.Split(train=order[:120], val=order[120:200], test=order[200:])
    hidden = y.copy()
    hidden[split.test] = y[np.random.default_rng(1).permutation(split.test)]
    hidden[split.test[0]] = 99
    assert (hidden != y).sum() > 200

    def fit(*arguments):
        if batched:
            return fit_batched(*arguments, one_vs_rest=True)
        return fit_one_vs_rest(*arguments)

    def choose(labels):
        rows, C = normalized_rows(x, labels), 2.0 ** np.arange(-1, 4)
        if by_folds:
            return selection.select_by_folds(rows, labels, [split], C, fit, "shuffle_split", 0)
        return selection.select_on_validation(rows, labels, [split], C, fit)

    honest, blind = choose(y), choose(hidden)
    assert honest.C == blind.C
    assert np.array_equal(honest.models.weight, blind.models.weight)
    assert np.array_equal(honest.models.bias, blind.models.bias)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_of_the_test_nodes_reaches_a_choice(file, masked):
    """Neither their labels nor their rows: C and the validation scores stay, test scores fall."""
    protocol = protocol_of(file, **SMALL | {"log2_C": [-6, 8]}, solver="batched")
    rows, y = masked.graph.x.numpy(), masked.y.numpy()
    for split in protocol.splits(masked, 1):
        honest = protocol.score(rows, y, [split], 1)
        garbage, lies = rows.copy(), y.copy()
        garbage[split.test] = np.random.default_rng(0).normal(size=rows[split.test].shape)
        lies[split.test] = (y[split.test] + 1) % 10
        blind = protocol.score(garbage, lies, [split], 1)
        assert (blind.C, blind.val) == (honest.C, honest.val)
        assert blind.test["accuracy"][0] < 0.3 < honest.test["accuracy"][0]


def test_among_equal_validation_accuracies_the_smallest_c_is_taken(masked):
    rows, y = np.eye(10, dtype=np.float32)[masked.y], masked.y.numpy()  # separable at every C
    protocol = GivenSplits("given", [2, 6])
    scores = protocol.score(rows, y, protocol.splits(masked, 0), 0)
    assert scores.C == [4.0] * 3
    assert scores.test["accuracy"] == scores.val["accuracy"] == [1.0] * 3


@pytest.mark.slow
def test_another_process_gives_the_same_digits(masked, tmp_path):
    np.savez(tmp_path / "data.npz", x=masked.graph.x.numpy(), y=masked.y.numpy())
    program = (
        "import sys, numpy as np, torch\n"
        "torch.set_num_threads(1)\n"
        "from graphssl.probing.protocols import RandomSplits\n"
        "from graphssl.probing.splits import random_splits\n"
        "data = np.load(sys.argv[1])\n"
        "probe = RandomSplits('r', 2, 0.1, 0.1, [-3, 5])\n"
        "splits = random_splits(600, 0.1, 0.1, 2, 1)\n"
        "print(probe.score(data['x'], data['y'], splits, 1))\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "data.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    probe = RandomSplits("r", 2, 0.1, 0.1, [-3, 5])
    scores = probe.score(masked.graph.x.numpy(), masked.y.numpy(), probe.splits(masked, 1), 1)
    assert done.stdout.strip() == str(scores)


def test_a_collapsed_embedding_is_scored_as_the_largest_class(masked):
    y = np.where(masked.y.numpy() < 7, 0, masked.y.numpy() - 6)
    probe = GivenSplits("given", [-2, 2])
    splits = probe.splits(masked, 0)
    scores = probe.score(np.ones((600, 8), dtype=np.float32), y, splits, 0)
    assert scores.test["accuracy"] == [(y[split.test] == 0).mean() for split in splits]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.full((600, 4), np.nan), "NaN or infinity in 600 of 600 rows"),
        (np.where(np.eye(600, 4) * np.arange(4) == 2, np.inf, 1), "in 1 of 600 rows"),
        (np.ones((599, 4)), r"\(599, 4\) do not fit 600 labels"),
    ],
)
def test_embeddings_that_cannot_be_probed(masked, rows, message):
    probe = GivenSplits("given", [-2, 2])
    with pytest.raises(DataError, match=message):
        probe.score(rows, masked.y.numpy(), probe.splits(masked, 0), 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: RandomSplits("r", 2, 0.1, 0.0, [0, 1]), "val_ratio must be above 0, got 0.0"),
        (
            lambda: RandomSplits("r", 0, 0.1, 0.1, [0, 1]),
            "num_splits must be a whole number from 1 to 10000, got 0",
        ),
        (lambda: RandomSplits("r", 2, 0.7, 0.6, [0, 1]), "train_ratio=0.7 val_ratio=0.6"),
        (lambda: CrossValidatedSplits("c", 2, 1.5, "k_fold", [0, 1]), "train_ratio=1.5"),
        (lambda: CrossValidatedSplits("c", 2, 0.2, "five", [0, 1]), "folds .* got 'five'"),
        (lambda: GivenSplits("g", [3, 1]), r"log2_C .* got \[3, 1\]"),
        (lambda: GivenSplits("g", [-2000, 10]), r"within -60..60, .* got \[-2000, 10\]"),
        (lambda: CrossValidatedSplits("c", 2, 0.2, "k_fold", [0, 61]), r"got \[0, 61\]"),
        (lambda: GivenSplits("g", [0, 1], solver="saga"), "solver must be .* got 'saga'"),
        (lambda: GivenSplits("g", [0, 1], device="cuda:99"), "exist, got 'cuda:99'"),
        (lambda: GivenSplits("g", [0, 1], device="disk"), "exist, got 'disk'"),
        (lambda: GivenSplits("g", [0, 1], classifier="svm"), "classifier must be .* got 'svm'"),
    ],
)
def test_bad_arguments_are_named(build, message):
    with pytest.raises(ConfigError, match=message):
        build()


@pytest.mark.parametrize("one_vs_rest", [False, True])
def test_the_ends_of_the_grid_of_c_are_still_solved(digits, one_vs_rest):
    x, y = digits
    C = 2.0 ** np.array([-MAX_EXPONENT, MAX_EXPONENT])
    rows = normalized_rows(x, y)
    models = fit_batched(rows, y, [np.arange(200)], C, 10, one_vs_rest=one_vs_rest)
    assert np.isfinite(models.weight).all()
    assert (models.predict(0, rows[:200])[1] == y[:200]).mean() > 0.99


@pytest.mark.parametrize(("nodes", "enough"), [(49, False), (50, True)])
def test_folds_need_as_many_training_nodes(masked, nodes, enough):
    y = torch.arange(nodes) % 2
    few = replace(masked, name="few", y=y, num_classes=2)
    protocol = CrossValidatedSplits("grace", 3, 0.1, "k_fold", [0, 1])
    if enough:
        splits = protocol.splits(few, 4)
        assert protocol.score(np.eye(nodes), y.numpy(), splits, 0).C == [1.0] * 3
    else:
        with pytest.raises(DataError, match=r"^grace .* 5 folds .* few has 4 \(train_ratio=0.1\)"):
            protocol.splits(few, 0)


def test_several_protocols_compose_in_one_run(tmp_path):
    (tmp_path / "probe").symlink_to(FOLDER)
    (tmp_path / "config.yaml").write_text(
        "defaults: [_self_, {probe: [random_10_10_80]}]\nprobe: {split_seed: 0}\n"
    )
    overrides = [
        "probe=[bgrl_official,public_split]",
        "probe.protocols.bgrl_official.num_splits=20",
        "probe.split_seed=4",
    ]
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        config = compose("config", overrides)
    assert config.probe.split_seed == 4
    protocols = instantiate(config.probe.protocols)
    assert [p.name for p in protocols.values()] == ["bgrl_official", "public_split"]
    assert config.probe.protocols.bgrl_official.num_splits == 20
