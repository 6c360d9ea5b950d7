"""Splits of the nodes, random or given with the data."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from graphssl.checks import whole_number
from graphssl.contracts import IntArray, NodeDataset, ProbeProtocol, Split
from graphssl.errors import ConfigError, DataError

# Published protocols have 20 or fewer; memory grows with the number.
MAX_SPLITS = 10_000


def check_ratios(num_splits: int, train_ratio: float, val_ratio: float) -> None:
    """Check the arguments of ``random_splits`` before anything is loaded.

    Raises:
        ConfigError: an argument is out of range.
    """
    whole_number("num_splits", num_splits, least=1, most=MAX_SPLITS)
    if not (0 < train_ratio < 1 and 0 <= val_ratio < 1 and train_ratio + val_ratio < 1 - 1e-9):
        raise ConfigError(
            "train_ratio must be above 0, val_ratio at least 0 and their sum below 1, "
            f"got train_ratio={train_ratio} val_ratio={val_ratio}"
        )


def random_splits(
    num_nodes: int, train_ratio: float, val_ratio: float, num_splits: int, seed: int
) -> list[Split]:
    """Draw uniform random splits that cover every node.

    Test takes ``ceil((1 - train_ratio - val_ratio) N)`` nodes, validation ``floor(val_ratio N)``,
    training the rest. All splits come from one stream, so the first k splits do not depend on
    their number, and with ``val_ratio=0`` they are those of scikit-learn's ``train_test_split``
    called repeatedly on ``RandomState(seed)``, as in the official BGRL code (default seed 1).

    Args:
        num_nodes: N.
        train_ratio: share of the training nodes, in (0, 1).
        val_ratio: share of the validation nodes, in [0, 1).
        num_splits: number of splits.
        seed: seed of numpy's legacy generator, in [0, 2^32).

    Raises:
        ConfigError: an argument is out of range.
        DataError: a part would be empty.

    Example:
        >>> splits = random_splits(10, train_ratio=0.2, val_ratio=0.3, num_splits=2, seed=0)
        >>> [len(part) for part in splits[0]]
        [2, 3, 5]
    """
    check_ratios(num_splits, train_ratio, val_ratio)
    if not 0 <= seed < 2**32:
        raise ConfigError(f"split_seed must be in [0, 2^32), got {seed}")
    # The margin keeps 0.9 * 50 = 45.000000000000004 from taking one more node.
    num_test = math.ceil((1 - train_ratio - val_ratio) * num_nodes - 1e-9)
    num_val = math.floor(val_ratio * num_nodes + 1e-9)
    if num_nodes - num_test - num_val < 1 or (val_ratio > 0 and num_val < 1):
        raise DataError(
            f"{num_nodes} nodes are too few for train_ratio={train_ratio} val_ratio={val_ratio}"
        )
    rng = np.random.RandomState(seed)
    splits = []
    for _ in range(num_splits):
        test, val, train = np.split(rng.permutation(num_nodes), [num_test, num_test + num_val])
        splits.append(Split(train=train, val=val, test=test))
    return splits


def given_splits(dataset: NodeDataset, protocol: str) -> list[Split]:
    """Return the splits that come with the data, one per column of its masks.

    Raises:
        DataError: the data has no training, validation and test masks, or a part is empty.
    """
    train, val, test = dataset.train_mask, dataset.val_mask, dataset.test_mask
    if train is None or val is None or test is None:
        raise DataError(
            f"{protocol} needs train, val and test masks, which {dataset.name} does not have; "
            "protocols that work: bgrl_official, random_10_10_80, grace"
        )
    splits = [
        Split(_nodes(train[:, s]), _nodes(val[:, s]), _nodes(test[:, s]))
        for s in range(train.size(1))
    ]
    for index, split in enumerate(splits):
        for part, nodes in split._asdict().items():
            if not len(nodes):
                raise DataError(f"split {index} of {dataset.name} has no {part} nodes with a label")
    return splits


def require_classes(dataset: NodeDataset, splits: Sequence[Split]) -> list[Split]:
    """Check that every class is in each training part, and return ``splits`` unchanged.

    If nodes have several labels, a class without a training node is allowed: it is never predicted.

    Raises:
        DataError: there is one class only, or a class is missing from a training part.
    """
    if dataset.y.ndim == 2:
        return list(splits)
    require_two_classes(dataset)
    y = dataset.y.numpy(force=True)
    for index, split in enumerate(splits):
        missing = np.setdiff1d(np.arange(dataset.num_classes), y[split.train])
        if missing.size:
            raise DataError(
                f"class {missing[0]} of {dataset.name} has no node in the training part of "
                f"split {index} ({len(split.train)} nodes)"
            )
    return list(splits)


def require_one_label(dataset: NodeDataset, protocol: str) -> None:
    """Check that nodes have one label each, for a protocol that scores no more.

    Raises:
        DataError: they have several.
    """
    if dataset.y.ndim == 2:
        raise DataError(
            f"{protocol} scores one label per node, but the nodes of {dataset.name} have several; "
            "protocols that work: bgrl_official, random_10_10_80, grace"
        )


def require_two_classes(dataset: NodeDataset) -> None:
    """Check that there is something to tell apart.

    Raises:
        DataError: all nodes are of one class.
    """
    if dataset.num_classes < 2:
        raise DataError(f"all nodes of {dataset.name} are of one class: nothing can be classified")


def require_parts(name: str, splits: Sequence[Split], *parts: str) -> None:
    """Check that no one of ``parts`` of a split is empty, as in splits that were made elsewhere.

    Args:
        name: the protocol, for the message.
        splits: the splits.
        parts: ``train``, ``val`` or ``test``.

    Raises:
        DataError: one is empty, or there is no split.
    """
    if not splits:
        raise DataError(f"{name} needs at least one split, got none")
    said = {"train": "training", "val": "validation", "test": "test"}
    for index, split in enumerate(splits):
        for part in parts:
            if not len(getattr(split, part)):
                raise DataError(f"{name} needs {said[part]} nodes, but split {index} has none")


def one_split(splits: Sequence[Split], seed: int) -> tuple[int, Split]:
    """Choose the one split on which a run with ``seed`` uses labels, with index ``seed mod S``.

    Supervised training and selection by validation accuracy are trained and scored on this split
    only, because the training nodes of one split are test nodes of another.

    Returns:
        The split's index and the split.

    Raises:
        ConfigError: the split has no training nodes, as under ``kmeans`` and ``link_prediction``.
    """
    index = seed % len(splits)
    if splits[index].train.ndim > 1 or not len(splits[index].train):
        raise ConfigError(
            "a run that uses labels needs a protocol with training nodes, such as random_10_10_80, "
            "public_split or wikics_preset"
        )
    return index, splits[index]


def require_validation(protocol: ProbeProtocol) -> None:
    """Check that selection by validation accuracy is possible under ``protocol``.

    Raises:
        ConfigError: the protocol has no validation nodes.
    """
    if not protocol.has_validation:
        raise ConfigError(
            f"selection by validation accuracy needs validation nodes, which {protocol.name} does "
            "not have; protocols that work: random_10_10_80, public_split, wikics_preset"
        )


def _nodes(mask: Tensor) -> IntArray:
    return np.flatnonzero(mask.numpy(force=True))
