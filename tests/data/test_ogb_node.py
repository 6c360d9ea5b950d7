from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest
from torch_geometric.transforms import ToUndirected

from graphssl.data.ogb_node import OGBDataset
from graphssl.errors import DataError

FILES = {
    "raw/edge": "0,1\n1,2\n2,3\n",
    "raw/num-node-list": "4\n",
    "raw/num-edge-list": "3\n",
    "raw/node-feat": "0.1,0.2\n0.3,0.4\n0.5,0.6\n0.7,0.8\n",
    "raw/node_year": "2010\n" * 4,
    "raw/node-label": "0\n1\n0\n1\n",
    "split/time/train": "0\n1\n",
    "split/time/valid": "2\n",
    "split/time/test": "3\n",
}


def arxiv() -> OGBDataset:
    return OGBDataset("ogbn_arxiv", "ogbn-arxiv", [ToUndirected()])


def write(root: Path) -> None:
    for name, text in FILES.items():
        path = root / "PygNodePropPredDataset/ogbn_arxiv" / f"{name}.csv.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()))


def test_without_the_package_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ogb", None)
    write(tmp_path / "mirror")
    with pytest.raises(DataError, match=r"pip install 'graphssl-werank\[ogb\]'"):
        arxiv().load(tmp_path / "data", tmp_path / "mirror")
    assert not list((tmp_path / "data").rglob("raw"))


@pytest.mark.parametrize("where", ["mirror", "data"])
def test_a_small_graph_in_ogb_s_format(where: str, tmp_path: Path) -> None:
    pytest.importorskip("ogb", reason="needs the extra ogb")
    write(tmp_path / where)
    mirrored = sorted((tmp_path / "mirror").rglob("*"))
    dataset = arxiv().load(tmp_path / "data", tmp_path / "mirror")
    assert sorted((tmp_path / "mirror").rglob("*")) == mirrored
    assert (dataset.graph.num_nodes, dataset.graph.num_edges) == (4, 6)
    assert dataset.y.tolist() == [0, 1, 0, 1]
    masks = dataset.train_mask, dataset.val_mask, dataset.test_mask
    assert [mask.nonzero()[:, 0].tolist() for mask in masks] == [[0, 1], [2], [3]]
    assert arxiv().load(tmp_path / "data").graph.num_edges == 6
