"""Custom files that are wrong in one way each: one line that names the key and the value."""

from __future__ import annotations

import io
import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from tests.data.custom_arrays import ARRAYS as GOOD
from torch_geometric import transforms
from torch_geometric.data import Batch, Data, HeteroData, TemporalData

from graphssl.data.custom import CustomDataset
from graphssl.errors import DataError

NAN, INF = float("nan"), float("inf")


def data(**changes: Any) -> Data:
    tensors = {key: torch.from_numpy(np.array(value)) for key, value in GOOD.items()}
    return Data(**{**tensors, **changes})


def set_at(key: str, index: Any, value: float, dtype: str = "f8") -> dict[str, Any]:
    array = GOOD[key].astype(dtype)
    array[index] = value
    return {key: array}


# Arrays that either format can hold: what changes, and what the message must say.
IN_BOTH = {
    "x of one dimension": ({"x": np.ones(4)}, r"x has shape \(4,\)"),
    "x of three dimensions": ({"x": np.ones((4, 2, 1))}, r"x has shape \(4, 2, 1\)"),
    "x without dimensions": ({"x": np.float32(3)}, r"x has shape \(\)"),
    "x without features": ({"x": np.ones((4, 0))}, r"x has shape \(4, 0\)"),
    "x without nodes": ({"x": np.ones((0, 2))}, r"x has shape \(0, 2\)"),
    "x with fewer nodes": ({"x": np.ones((3, 2))}, "names node 3, but nodes are 0..2"),
    "x with NaN": (set_at("x", (2, 1), NAN), r"x\[2, 1\] = nan is not finite"),
    "x with -inf": (set_at("x", (0, 1), -INF), r"x\[0, 1\] = -inf is not finite"),
    "x beyond float32": (set_at("x", (1, 0), 1e300), r"x\[1, 0\] = 1e\+300 is not finite in float"),
    "x complex": ({"x": np.ones((4, 2), "c8")}, "x is .*complex64"),
    "edges of three rows": ({"edge_index": np.zeros((3, 3), int)}, r"edge_index has .*\(3, 3\)"),
    "edges transposed": ({"edge_index": GOOD["edge_index"].T}, r"edge_index has shape \(3, 2\)"),
    "no edges": ({"edge_index": np.zeros((2, 0), int)}, r"edge_index has shape \(2, 0\)"),
    "edges without dimensions": ({"edge_index": np.int64(1)}, r"edge_index has shape \(\)"),
    "edges as floats": ({"edge_index": np.zeros((2, 3))}, "edge_index is torch.float64"),
    "edges as booleans": ({"edge_index": np.zeros((2, 3), bool)}, "edge_index is torch.bool"),
    "edges from 1": ({"edge_index": GOOD["edge_index"] + 1}, r"edge_index\[1, 2\] names node 4"),
    "negative node": (set_at("edge_index", (0, 1), -1, "i8"), r"edge_index\[0, 1\] names node -1"),
    "node beyond int64": (
        {"edge_index": np.array([[0, 2**63 + 5, 1], [1, 1, 1]], dtype="u8")},
        "names node 9223372036854775813",
    ),
    "y too short": ({"y": np.array([0, 1])}, r"y is torch.int64 of shape \(2,\)"),
    "y without dimensions": ({"y": np.int64(1)}, r"y is torch.int64 of shape \(\)"),
    "y empty": ({"y": np.zeros(0, int)}, r"y is torch.int64 of shape \(0,\)"),
    "y one-hot": ({"y": np.eye(2)[[0, 1, 1, 0]]}, r"y has shape \(4, 2\).*save y.argmax\(1\)"),
    "y of the same labels": ({"y": np.ones((4, 2), int)}, r"y is \[1, 1\] for every node"),
    "y of halves": (set_at("y", 2, 0.5), r"y\[2\] = 0.5 is not a whole number"),
    "y with NaN": (set_at("y", 1, NAN), r"y\[1\] = nan is not a whole number"),
    "y with inf": (set_at("y", 1, INF), r"y\[1\] = inf is not a whole number"),
    "y complex": ({"y": np.ones(4, "c8")}, "y is .*complex64"),
    "y with a gap": ({"y": np.array([0, 2, 0, 2])}, "y has the 2 classes 0, 2"),
    "y of one class": ({"y": np.zeros(4, int)}, "y has one class, 0"),
    "weights too short": ({"edge_weight": np.ones(2)}, r"edge_weight has shape \(2,\), not \(3,\)"),
    "weights of two columns": ({"edge_weight": np.ones((3, 2))}, r"edge_weight has shape \(3, 2\)"),
    "one weight": ({"edge_weight": np.float32(2)}, r"edge_weight has shape \(\)"),
    "weights with NaN": (set_at("edge_weight", 1, NAN), r"edge_weight\[1\] = nan is not finite"),
    "weights beyond float32": (set_at("edge_weight", 2, -1e39), r"edge_weight\[2\] = -1e\+39"),
    "weights complex": ({"edge_weight": np.ones(3, "c8")}, "edge_weight is .*complex64"),
    "mask with NaN": (set_at("train_mask", 2, NAN), r"train_mask\[2\] = nan is neither 0 nor 1"),
    "mask of halves": (set_at("test_mask", 1, 0.5), r"test_mask\[1\] = 0.5 is neither 0 nor 1"),
    "mask of twos": (set_at("train_mask", 0, 2, "i8"), r"train_mask\[0\] = 2 is neither 0 nor 1"),
    "mask negative": (set_at("test_mask", 3, -1, "i1"), r"test_mask\[3\] = -1 is neither 0 nor 1"),
    "mask of node ids": ({"train_mask": np.array([0, 1])}, r"train_mask has shape \(2,\)"),
    "mask without dimensions": ({"train_mask": np.True_}, r"train_mask has shape \(\)"),
    "mask without a node": ({"test_mask": np.zeros(4)}, "test_mask is empty"),
    "masks overlap": ({"test_mask": np.ones(4)}, "train_mask and test_mask share 2 nodes"),
    "masks of other widths": (
        {"train_mask": np.eye(4)[:, :2], "test_mask": np.eye(4)[:, 1:]},
        r"train_mask has shape \(4, 2\), not \(4,\) or \(4, 3\)",
    ),
    "ids too short": (
        {"node_id": np.arange(3)}, r"node_id is int64 of shape \(3,\), not one .* of the 4 nodes",
    ),
    "ids twice": ({"node_id": np.array([7, 5, 7, 6])}, "node_id contains 7 2 times"),
    "ids as floats": ({"node_id": np.arange(4) / 2}, r"node_id is float64 of shape \(4,\)"),
    "ids of two columns": ({"node_id": np.ones((4, 2), int)}, r"node_id is int64 .*\(4, 2\)"),
    "ids beyond int64": ({"node_id": np.arange(4).astype("u8") + 2**63}, "9223372036854775811 is"),
    "unknown key": ({"node_years": np.arange(4)}, r"keys node_years;.*ignore=\[node_years"),
    "plural": ({"edge_weights": np.ones(3)}, r"edge_weights \(edge_weight\?\)"),
    "capital": ({"Y": np.ones(4)}, r"Y \(y\?\)"),
    "other library's name": ({"feat": np.ones(4)}, r"feat \(x\?\)"),
    "labels": ({"labels": np.ones(4)}, r"labels \(y\?\)"),
    "sparse in parts": ({"x_indptr": np.ones(4)}, r"x_indptr \(part of a sparse matrix\?"),
}  # fmt: skip


def fails(path: Path, **options: Any) -> str:
    with pytest.raises(DataError) as error:
        CustomDataset(str(path), name="mine", **options).load(path.parent)
    message = str(error.value)
    assert message.startswith("mine: ")
    assert "\n" not in message
    assert len(message) < 700
    return message


@pytest.mark.parametrize("suffix", ["npz", "pt"])
@pytest.mark.parametrize("case", IN_BOTH)
def test_arrays_that_either_format_can_hold(case: str, suffix: str, tmp_path: Path) -> None:
    changes, expected = IN_BOTH[case]
    arrays, path = {**GOOD, **changes}, tmp_path / f"mine.{suffix}"
    if suffix == "npz":
        np.savez(path, **arrays)
    else:
        torch.save({key: torch.from_numpy(np.array(value)) for key, value in arrays.items()}, path)
    assert_says(fails(path), expected)


def assert_says(message: str, expected: str) -> None:
    assert re.search(expected, message), message


def objects(key: str, value: Any) -> dict[str, Any]:
    return {key: np.array(value, dtype=object)}


ARRAYS = {
    "x of objects": (objects("x", [[1, 2], None]), "x is an array of Python objects"),
    "x scipy": (objects("x", sp.eye(4).tocsr()), "of a sparse matrix save its toarray"),
    "x of strings": ({"x": np.array([["a", "b"]] * 4)}, r"x is an array of strings \(<U1\)"),
    "x of dates": ({"x": np.zeros((4, 2), "M8[s]")}, r"x is an array of datetime64\[s\]"),
    "x of records": ({"x": np.zeros(4, [("a", "f4")])}, r"x is an array of \[\('a', '<f4'\)\]"),
    "y of strings": ({"y": np.array(["a", "b", "a", "b"])}, "np.unique(y, return_inverse"),
    "ids of objects": (objects("node_id", list("abcd")), "node_id is an array of Python objects"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_arrays_of_no_numbers(case: str, tmp_path: Path) -> None:
    changes, expected = ARRAYS[case]
    np.savez(tmp_path / "mine.npz", **{**GOOD, **changes})
    message = fails(tmp_path / "mine.npz")
    assert str(tmp_path / "mine.npz") in message
    assert_says(message, expected.replace("(y,", r"\(y,"))


def member(key: str) -> bytes:
    file = io.BytesIO()
    np.save(file, GOOD[key])
    return file.getvalue()


def claiming(shape: str, version: bytes = b"\x01\x00") -> bytes:
    """The bytes of x under a header that claims another shape."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    length = struct.pack("<H" if version == b"\x01\x00" else "<I", len(header) + 1)
    return b"\x93NUMPY" + version + length + header + b"\n" + GOOD["x"].tobytes()


def archive(path: Path, compression: int = zipfile.ZIP_STORED, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", compression) as file:
        for key in ("x", "edge_index", "y"):
            file.writestr(f"{key}.npy", members.get(key, member(key)))


MEMBERS = {
    "400 GB": (claiming("(400000, 250000)"), "x claims 400000000000 bytes.*the file has 32"),
    "400 GB, version 2": (claiming("(400000, 250000)", b"\x02\x00"), "x claims 400000000000 bytes"),
    "less than it has": (claiming("(4, 1)"), "x claims 16 bytes.*the file has 32"),
    "beyond 2^63": (claiming("(4, 2, 9223372036854775807)"), "x claims .* bytes"),
    "negative": (claiming("(-4, -2)"), r"x claims the shape \(-4, -2\)"),
    "no shape": (claiming("None"), "x is not an array"),
    "no header": (b"\x93NUMPY\x01\x00", "x is not an array"),
    "text": (b"1, 2, 3", "x is not an array"),
    "empty": (b"", "x is not an array"),
}


@pytest.mark.parametrize("case", MEMBERS)
def test_headers_are_not_believed(case: str, tmp_path: Path) -> None:
    content, expected = MEMBERS[case]
    archive(tmp_path / "mine.npz", x=content)
    assert_says(fails(tmp_path / "mine.npz"), expected)


def test_a_size_that_no_compression_reaches_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    archive(path, zipfile.ZIP_DEFLATED, x=claiming("(400000, 250000)"))
    packed = len(zlib.compress(claiming("(400000, 250000)"), wbits=-15))
    size = len(claiming("(400000, 250000)"))
    content = path.read_bytes()
    old, new = struct.pack("<II", packed, size), struct.pack("<II", packed, 4_000_000_000)
    assert content.count(old) == 2  # before the member, and in the directory
    path.write_bytes(content.replace(old, new))
    assert_says(fails(path), f"x claims 4000000000 bytes from {packed}")


FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "empty.npz": (lambda p: p.touch(), "cannot be read .*not a zip file"),
    "text.npz": (lambda p: p.write_text("x"), "cannot be read .*not a zip file"),
    "array.npz": (lambda p: p.write_bytes(member("x")), "cannot be read .*not a zip file"),
    "cut.npz": (lambda p: (np.savez(p, **GOOD), p.write_bytes(p.read_bytes()[:300])), "cannot be"),
    "none.npz": (lambda p: zipfile.ZipFile(p, "w").close(), "but no edge_index"),
    "matrix.npz": (lambda p: sp.save_npz(p, sp.eye(4).tocsr()), "unknown keys indices, indptr"),
    "empty.pt": (lambda p: p.touch(), "cannot be read"),
    "text.pt": (lambda p: p.write_text("x"), "cannot be read"),
    "pickle.pt": (lambda p: p.write_bytes(pickle.dumps(GOOD)), "cannot be read"),
    "cut.pt": (lambda p: (torch.save(data(), p), p.write_bytes(p.read_bytes()[:900])), "cannot be"),
    "graph.txt": (lambda p: p.write_text("1"), "must end in one of .npz, .pt, .csv, .parquet"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_files_that_are_none(case: str, tmp_path: Path) -> None:
    write, expected = FILES[case]
    write(tmp_path / case)
    message = fails(tmp_path / case)
    assert str(tmp_path / case) in message
    assert_says(message, expected)


def two_types() -> HeteroData:
    graph = HeteroData()
    graph["paper"].x = torch.ones(2, 2)
    graph["paper", "cites", "paper"].edge_index = torch.tensor([[0], [1]])
    return graph


class Graph(Data):
    """A subclass of Data, as a user has one."""


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested", "ignore:torch.quantize_per_tensor")
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (two_types, r"HeteroData, not a torch_geometric Data; save data.to_homogeneous\(\)"),
        (lambda: [data(), data()], "a list, not a torch_geometric Data; .*save one of them"),
        (lambda: Batch.from_data_list([data(), data()]), "Batch, not a torch.*save one of them"),
        (
            lambda: TemporalData(src=torch.tensor([0]), dst=torch.tensor([1])),
            "a TemporalData, not a torch_geometric Data; save a Data with edge_index",
        ),
        (lambda: (data().to_dict(), None, Data), r"a tuple, not.*processed file of PyG"),
        (lambda: None, "a NoneType, not a torch_geometric Data"),
        (lambda: torch.ones(3), "a Tensor, not a torch_geometric Data"),
        (lambda: torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear, not a torch"),
        (lambda: torch.nn.Linear(2, 2).state_dict(), "unknown keys weight .*bias"),
        (lambda: GOOD, "it contains NumPy arrays; save tensors"),
        (lambda: Graph(**data().to_dict()), r"Graph, not a torch_geometric Data; save .*to_dict"),
        (lambda: {0: torch.ones(3)}, "unknown keys 0"),
        (dict, "but no edge_index"),
        (lambda: data(x=[[1.0, 2.0]] * 4), "x is a list, not a tensor"),
        (lambda: data(y="ab"), "y is a str, not a tensor"),
        (lambda: data(edge_index="ab"), "edge_index is a str, not a tensor"),
        (lambda: data(edge_weight=[1.0] * 3), "edge_weight is a list, not a tensor"),
        (lambda: data(train_mask=[1, 1, 0, 0]), "train_mask is a list, not a tensor"),
        (lambda: data(x=None), "has no x; let a transform supply it"),
        (lambda: data(x=torch.ones(4, 2, device="meta")), "x is on the device meta"),
        (lambda: data(y=torch.ones(4, device="meta")), "y is on the device meta"),
        (
            lambda: data(x=torch.quantize_per_tensor(torch.ones(4, 2), 0.1, 0, torch.quint8)),
            r"x is torch.quint8, quantized; save its dequantize\(\)",
        ),
        (
            lambda: {
                **data().to_dict(),
                "x": torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
            },
            "x is a nested tensor",
        ),
        (lambda: data(y=torch.tensor([0, 1, 0, 1]).to_sparse()), r"y is sparse .*to_dense\(\)"),
        (lambda: data(train_mask=torch.ones(4).to_sparse()), "train_mask is sparse"),
        (
            lambda: data(x=torch.zeros(1).expand(4_000_000, 1_000_000)),
            r"x of shape \(4000000, 1000000\) cannot be laid out in memory",
        ),
        (lambda: Data(adj_t=torch.eye(4).to_sparse(), **data(edge_index=None).to_dict()),
            r"adj_t \(save edge_index=torch_geometric.utils.to_edge_index\(adj_t.t\(\)\)\[0\]"),
        (lambda: data(node_id=list("aabc")), "node_id contains a 2 times"),
        (lambda: data(node_id=["a", None, "b", "c"]), "node_id is object"),
        (lambda: data(node_id="abcd"), r"node_id is <U4 of shape \(\)"),
    ],
)  # fmt: skip
def test_what_torch_can_save_besides(
    make: Callable[[], Any], expected: str, tmp_path: Path
) -> None:
    torch.save(make(), tmp_path / "mine.pt")
    assert_says(fails(tmp_path / "mine.pt"), expected)


def test_a_data_whose_kinds_were_asked_for_says_what_to_save(tmp_path: Path) -> None:
    graph = data()
    graph.node_attrs()
    torch.save(graph, tmp_path / "mine.pt")
    assert_says(fails(tmp_path / "mine.pt"), r"AttrType.*save data.to_dict\(\)")
    torch.save(graph.to_dict(), tmp_path / "mine.pt")
    assert CustomDataset(str(tmp_path / "mine.pt")).load(tmp_path).graph.num_nodes == 4


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_the_ways_out_lead_out(tmp_path: Path) -> None:
    """What the messages tell a user to save is read, and is the same graph."""
    from torch_geometric.utils import to_edge_index

    with_adjacency = transforms.ToSparseTensor(remove_edge_index=False, attr=None)(
        data(edge_weight=None)
    )
    edge_index = to_edge_index(with_adjacency.adj_t.t())[0]
    torch.save(data(edge_index=edge_index).to_dict(), tmp_path / "adj.pt")
    graph = CustomDataset(str(tmp_path / "adj.pt")).load(tmp_path).graph
    assert graph.edge_index.tolist() == GOOD["edge_index"].tolist()
    hetero = two_types()
    hetero["paper"].y = torch.tensor([0, 1])
    torch.save(hetero.to_homogeneous().to_dict(), tmp_path / "hetero.pt")
    dataset = CustomDataset(str(tmp_path / "hetero.pt")).load(tmp_path)
    assert dataset.graph.edge_index.tolist() == [[0], [1]]
    assert dataset.facts["keys_not_used"] == ["edge_type", "node_type"]


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_a_transform_that_takes_the_edges_away_is_named(tmp_path: Path) -> None:
    torch.save(data(), tmp_path / "mine.pt")
    message = fails(tmp_path / "mine.pt", transforms=[transforms.ToSparseTensor()])
    assert_says(message, "no edge_index, and adj_t is not read: remove ToSparseTensor")
