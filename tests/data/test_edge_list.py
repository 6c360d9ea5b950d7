"""Edge lists and node tables, as files that a spreadsheet or a data frame writes."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torch_geometric.transforms import Constant

from graphssl.config.compose import compose
from graphssl.data import CustomDataset
from graphssl.errors import DataError
from graphssl.pipeline.request import run_id

EDGES = "source,target,edge_weight\nann,bob,0.5\nbob,ann,0.5\nbob,NA,2\n"
NODES = """\
node_id,age,vip,y,train_mask,test_mask
bob,30,True,cat,1,0
NA,4,False,,0,0
ann,5.5,True,ant,0,1
"""


def load(folder: Path, edges: str = EDGES, nodes: str | None = NODES, **options):
    (folder / "edges.csv").write_text(edges)
    if nodes is not None:
        (folder / "nodes.csv").write_text(nodes)
        options["node_table"] = str(folder / "nodes.csv")
    return CustomDataset(str(folder / "edges.csv"), **options).load(folder)


def test_a_node_table_gives_features_labels_masks_and_ids(tmp_path):
    dataset = load(tmp_path)
    assert dataset.node_ids.tolist() == ["bob", "NA", "ann"]
    assert dataset.graph.x.tolist() == [[30, 1], [4, 0], [5.5, 1]]
    assert dataset.y.tolist() == [1, -1, 0]
    assert dataset.graph.edge_index.tolist() == [[2, 0, 0], [0, 2, 1]]
    assert dataset.graph.edge_weight.tolist() == [0.5, 0.5, 2]
    assert dataset.train_mask[:, 0].tolist() == [True, False, False]
    assert dataset.facts["edge_weight"] == "edge_weight"


def test_an_edge_list_alone_has_the_nodes_of_its_edges(tmp_path):
    dataset = load(tmp_path, "source,target\n10,9\n9,200\n", None, transforms=[Constant()])
    assert dataset.node_ids.tolist() == [9, 10, 200]
    assert dataset.node_ids.dtype == np.int64
    assert dataset.graph.edge_index.tolist() == [[1, 0], [0, 2]]
    assert not dataset.labelled.any()
    zeros = load(tmp_path, "source,target\n7,07\n", None, transforms=[Constant()])
    assert zeros.node_ids.tolist() == ["07", "7"]


def test_numbers_as_classes_and_several_labels(tmp_path):
    nodes = "node_id,x,y\n1,0,2\n2,0,1\n3,1,0\n4,1,\n"
    edges = "source,target\n1,4\n"
    assert load(tmp_path, edges, nodes).y.tolist() == [2, 1, 0, -1]
    several = "node_id,y_red,x,y_blue\n1,1,0,1\n4,1,0.5,0\n"
    dataset = load(tmp_path, edges, several)
    assert dataset.y.tolist() == [[1, 1], [1, 0]]
    assert dataset.graph.x.tolist() == [[0.0], [0.5]]


def test_columns_can_be_skipped(tmp_path):
    nodes = NODES.replace("age", "name").replace("30", "x")
    edges = EDGES.replace("edge_weight", "date")
    dataset = load(tmp_path, edges, nodes, ignore=["date", "name", "y"])
    assert dataset.graph.x.tolist() == [[1], [0], [1]]
    assert dataset.graph.edge_weight is None
    assert dataset.num_classes == 0


@pytest.mark.parametrize(
    ("edges", "nodes", "message"),
    [
        ("src,dst\na,b\n", NODES, r"edges.csv has no column source; it has src, dst"),
        ("source,target\nann,bob\nann,\n", NODES, "edges.csv: target is missing in row 2"),
        ("source,target\nann,bob\nann,eve\n", NODES, "in row 2 is eve, which is not a node_id"),
        ("source,target,w\nann,bob,1\n", NODES, "unknown columns w; .*dataset.ignore=.w."),
        ("source,target\n", NODES, "edges.csv has no rows"),
        (EDGES.replace("2\n", "\n"), NODES, "edges.csv: edge_weight is missing in row 3"),
        (EDGES.replace("2\n", "two\n"), NODES, "edge_weight has '0.5', not numbers"),
        (EDGES, NODES.replace("node_id", "id"), "nodes.csv has no column node_id; it has id, age"),
        (EDGES, NODES.replace("NA", "ann"), "nodes.csv: node_id contains ann 2 times, not once"),
        (EDGES, NODES.replace("NA,4", "NA,"), "nodes.csv: age is missing in row 2"),
        (EDGES, NODES.replace("NA,4", "NA,old"), "age has '30', not numbers; .*ignore=.age."),
        (EDGES, NODES.replace(",1,0\n", ",2,0\n"), r"train_mask\[0\] = 2 is neither 0 nor 1"),
        (EDGES, 'node_id,x\n"ann', "nodes.csv cannot be read as a table"),
    ],
)  # fmt: skip
def test_bad_tables_are_one_line_that_names_file_and_row(tmp_path, edges, nodes, message):
    with pytest.raises(DataError, match=message) as error:
        load(tmp_path, edges, nodes)
    assert "\n" not in str(error.value)


def test_columns_to_skip_must_exist(tmp_path):
    with pytest.raises(DataError, match=r"no column colour, which dataset.ignore names"):
        load(tmp_path, ignore=["colour"])


def test_the_fingerprint_covers_both_files(tmp_path):
    load(tmp_path)
    paths = [str(tmp_path / name) for name in ("edges.csv", "nodes.csv")]
    alone, both = CustomDataset(paths[0]), CustomDataset(paths[0], node_table=paths[1])
    before = both.fingerprint(tmp_path)
    assert alone.fingerprint(tmp_path) == hashlib.sha256(EDGES.encode()).hexdigest()
    assert load(tmp_path).fingerprint == before
    assert load(tmp_path, nodes=NODES.replace("5.5", "6")).fingerprint != before
    assert load(tmp_path, edges=EDGES.replace("0.5", "6")).fingerprint != before


def test_ids_of_runs_cover_the_content_of_both_files_and_not_their_places(tmp_path):
    def an_id(path: Path, table: Path | None) -> str:
        options = [] if table is None else [f"dataset.node_table={table}"]
        return run_id(compose(["dataset=custom", f"dataset.path={path}", *options])[0])

    load(tmp_path)
    edges, nodes = tmp_path / "edges.csv", tmp_path / "nodes.csv"
    before = an_id(edges, nodes)
    assert an_id(edges, None) != before
    assert an_id(edges.rename(tmp_path / "e.csv"), nodes.rename(tmp_path / "n.csv")) == before
    config, *_ = compose(["dataset=custom", f"dataset.path={tmp_path / 'e.csv'}"])
    alone = run_id(config)
    del config.dataset.node_table  # as before there was such a key
    assert run_id(config) == alone


def test_node_tables_that_are_not_there_or_belong_to_nothing(tmp_path):
    (tmp_path / "mine.npz").touch()
    dataset = CustomDataset(str(tmp_path / "mine.npz"), node_table=str(tmp_path / "nodes.csv"))
    with pytest.raises(DataError, match=r"dataset.node_table=.*nodes.csv is not a file"):
        dataset.load(tmp_path)
    (tmp_path / "nodes.csv").write_text(NODES)
    with pytest.raises(DataError, match=r"belongs to an edge list, but .*mine.npz does not end in"):
        dataset.load(tmp_path)


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    (tmp_path / "edges.parquet").touch()
    with pytest.raises(DataError, match=r'pip install "graphssl-werank\[parquet\]"'):
        CustomDataset(str(tmp_path / "edges.parquet")).load(tmp_path)


def test_parquet_gives_the_same_graph(tmp_path):
    pytest.importorskip("pyarrow")
    nodes = pd.DataFrame({"node_id": [7, 5], "f": [0.5, 1.0], "y": ["b", None]})
    edges = pd.DataFrame({"source": [7, 5], "target": [5, 7]})
    edges.to_parquet(tmp_path / "edges.parquet")
    nodes.to_parquet(tmp_path / "nodes.parquet")
    paths = (str(tmp_path / f"{name}.parquet") for name in ("edges", "nodes"))
    with pytest.raises(DataError, match="y has one class"):
        CustomDataset(next(paths), node_table=next(paths)).load(tmp_path)
    nodes.assign(y=["b", "a"]).to_parquet(tmp_path / "nodes.parquet")
    dataset = CustomDataset(
        str(tmp_path / "edges.parquet"), node_table=str(tmp_path / "nodes.parquet")
    ).load(tmp_path)
    assert dataset.node_ids.tolist() == [7, 5]
    assert dataset.y.tolist() == [1, 0]
    assert dataset.graph.edge_index.tolist() == [[0, 1], [1, 0]]
