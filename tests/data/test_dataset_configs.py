"""Every conf/dataset/*.yaml: well-formed, buildable without disk, and right on the real graphs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch_geometric.data import Data

from graphssl.config.folder import config_dir
from graphssl.contracts import NodeDataset

FOLDER = config_dir() / "dataset"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def config(name: str) -> DictConfig:
    return OmegaConf.load(FOLDER / f"{name}.yaml")


def loader(dataset: DictConfig) -> Any:
    """As ``build.dataset`` makes it, which sets the metric whatever class loads the graph."""
    dataset.pop("metric", None)
    return instantiate(dataset)


def test_the_datasets_of_the_specification_are_there() -> None:
    named = """digits karate sbm csbm cora citeseer pubmed amazon_computers amazon_photo coauthor_cs
        coauthor_physics wikics ogbn_arxiv citation_full minesweeper roman_empire amazon_ratings
        tolokers questions webkb wikipedia actor custom"""
    assert set(NAMES) >= set(named.split())


@pytest.mark.parametrize("name", NAMES)
def test_constructs_without_touching_disk(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = config(name)
    if OmegaConf.is_missing(whole.dataset, "path"):
        whole.dataset.path = "mine.npz"
    dataset = loader(whole.dataset)
    assert callable(dataset.load)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_header_package_and_probe(name: str) -> None:
    first, second = (FOLDER / f"{name}.yaml").read_text().splitlines()[:2]
    assert first == "# @package _global_"
    assert second.startswith("# ")
    lines = [line for line in config(name).defaults if line != "_self_"]
    chosen = [group for line in lines for group in line]
    # Its recipe's normalisation: a recipe cannot choose a group itself.
    expected = ["override /probe", *(["override /norm"] if name == "ogbn_arxiv" else [])]
    assert chosen == expected


@pytest.mark.parametrize("name", NAMES)
def test_checksums_are_sha256_or_git_blob_ids(name: str) -> None:
    for known in config(name).dataset.get("checksums", {}).values():
        assert all(len(digest) in (40, 64) and int(digest, 16) for digest in known)


@pytest.mark.parametrize("name", ["cora", "citeseer", "pubmed"])
def test_all_pickles_have_a_checksum(name: str) -> None:
    dataset = config(name).dataset
    assert dataset.pickle
    assert not dataset.trust
    assert len(dataset.checksums) == 8


def test_wikics_is_normalised_as_bgrl_was_published_then_standardised() -> None:
    transforms = instantiate(config("wikics").dataset.transforms)
    x = torch.randn(30, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    out = Data(x=x.clone())
    for transform in transforms:
        out = transform(out)
    rows = x.numpy() / np.maximum(x.numpy().sum(1, keepdims=True), 1)
    expected = (rows - rows.mean(0)) / rows.std(0)
    np.testing.assert_allclose(out.x.numpy(), expected, atol=1e-12)


def load(name: str, data: Path, mirror: Path) -> NodeDataset:
    return loader(config(name).dataset).load(data, mirror)


COUNTS = {
    "cora": (2708, 10556, 1433, 7),
    "citeseer": (3327, 9104, 3703, 6),
    "amazon_photo": (7650, 238162, 745, 8),
    "amazon_computers": (13752, 491722, 767, 10),
    "citation_full": (4230, 10674, 602, 6),
    "minesweeper": (10000, 78804, 7, 2),
}
SLOW_COUNTS = {
    "coauthor_cs": (18333, 163788, 6805, 15),
    "coauthor_physics": (34493, 495924, 8415, 5),
}


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        *COUNTS.items(),
        *(pytest.param(*item, marks=pytest.mark.slow) for item in SLOW_COUNTS.items()),
    ],
)
def test_counts_of_real_graphs(
    name: str,
    counts: tuple[int, ...],
    mirror: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dataset = load(name, tmp_path, mirror)
    graph = dataset.graph
    found = graph.num_nodes, graph.num_edges, graph.num_features, dataset.num_classes
    assert found == counts
    assert not [record for record in caplog.records if "checksum" in record.getMessage()]
    again = load(name, tmp_path, mirror)
    assert torch.equal(again.graph.x, graph.x)
    assert torch.equal(again.graph.edge_index, graph.edge_index)


def test_public_splits_of_real_graphs(mirror: Path, tmp_path: Path) -> None:
    cora = load("cora", tmp_path, mirror)
    sizes = [int(mask.sum()) for mask in (cora.train_mask, cora.val_mask, cora.test_mask)]
    assert sizes == [140, 500, 1000]
    minesweeper = load("minesweeper", tmp_path, mirror)
    assert minesweeper.train_mask.shape == (10000, 10)
    assert minesweeper.train_mask.sum(0).tolist() == [5000] * 10


def test_features_are_row_normalised(mirror: Path, tmp_path: Path) -> None:
    sums = load("cora", tmp_path, mirror).graph.x.sum(1)
    torch.testing.assert_close(sums, torch.ones_like(sums))


def test_a_processed_graph_loads_fast(mirror: Path, tmp_path: Path) -> None:
    load("amazon_photo", tmp_path, mirror)
    start = time.perf_counter()
    load("amazon_photo", tmp_path, mirror)
    assert time.perf_counter() - start < 3
