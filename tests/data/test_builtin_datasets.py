"""Graphs that need no download: digits and karate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from graphssl.data.digits import DigitsDataset
from graphssl.data.karate import KarateDataset
from graphssl.errors import ConfigError

NOWHERE = Path("not-touched")


def test_digits_against_brute_force() -> None:
    dataset = DigitsDataset(neighbors=5).load(NOWHERE)
    images, labels = load_digits(return_X_y=True)
    unit = images / np.linalg.norm(images, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    near = np.zeros_like(similarity, dtype=bool)
    np.put_along_axis(near, np.argsort(-similarity, axis=1)[:, :5], True, axis=1)
    ours = np.zeros_like(near)
    ours[tuple(dataset.graph.edge_index.numpy())] = True
    assert (ours == (near | near.T)).all()
    assert dataset.graph.num_edges == int(ours.sum())
    assert dataset.graph.x.shape == (1797, 64)
    assert dataset.num_classes == 10
    assert (dataset.y.numpy() == labels).all()


@pytest.mark.parametrize("neighbors", [0, 1797])
def test_digits_refuses_impossible_neighbors(neighbors: int) -> None:
    with pytest.raises(ConfigError, match=f"dataset.neighbors={neighbors}"):
        DigitsDataset(neighbors=neighbors).load(NOWHERE)


def test_karate() -> None:
    dataset = KarateDataset().load(NOWHERE)
    assert (dataset.graph.num_nodes, dataset.graph.num_edges, dataset.num_classes) == (34, 156, 4)
    masks = (dataset.train_mask, dataset.val_mask, dataset.test_mask)
    assert [int(mask.sum()) for mask in masks] == [4, 4, 26]
    assert sum(mask.int() for mask in masks).eq(1).all()
    for mask in masks[:2]:
        assert sorted(dataset.y[mask[:, 0]].tolist()) == [0, 1, 2, 3]
