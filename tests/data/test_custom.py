from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.data.custom_arrays import ARRAYS
from torch_geometric.data import Data

from graphssl.data.custom import CustomDataset
from graphssl.errors import DataError

TENSORS = {key: torch.from_numpy(value) for key, value in ARRAYS.items()}


def write(path: Path, kind: str) -> None:
    if kind == "npz":
        np.savez(path, **ARRAYS)
    else:
        torch.save(Data(**TENSORS) if kind == "Data" else TENSORS, path)


@pytest.mark.parametrize("kind", ["npz", "Data", "dict"])
def test_every_format_gives_the_graph(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("mine.npz" if kind == "npz" else "mine.pt")
    write(path, kind)
    before = sorted(tmp_path.iterdir())
    dataset = CustomDataset(path=str(path)).load(tmp_path / "data")
    assert sorted(tmp_path.iterdir()) == before
    assert torch.equal(dataset.graph.x, TENSORS["x"])
    assert torch.equal(dataset.graph.edge_index, TENSORS["edge_index"])
    assert dataset.graph.edge_weight.tolist() == [0.5, 1.0, 2.0]
    assert torch.equal(dataset.train_mask[:, 0], TENSORS["train_mask"])
    assert dataset.val_mask is None
    assert dataset.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> object:
        return Path.touch, (self.marker,)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    marker = tmp_path / "exploded"
    torch.save(Bomb(marker), tmp_path / "evil.pt")
    np.savez(tmp_path / "evil.npz", **{**ARRAYS, "x": np.array([Bomb(marker)], dtype=object)})
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Bomb(marker)))
    for name in ("evil.pt", "evil.npz", "plain.pt"):
        with pytest.raises(DataError, match=f"{name} cannot be read"):
            CustomDataset(path=str(tmp_path / name)).load(tmp_path)
    assert not marker.exists()


def test_bad_files_are_one_line_that_names_the_path(tmp_path: Path) -> None:
    (tmp_path / "corrupt.npz").write_bytes(b"PK\x03\x04 not really")
    (tmp_path / "graph.csv").write_text("1,2\n3,4")
    (tmp_path / "graph.txt").write_text("1,2")
    np.savez(tmp_path / "points.npz", x=ARRAYS["x"], y=ARRAYS["y"])
    torch.save(torch.ones(3), tmp_path / "tensor.pt")
    for name, message in {
        "missing.npz": "is not a file",
        "corrupt.npz": "cannot be read",
        "graph.csv": "graph.csv has no column source; it has 1, 2",
        "graph.txt": "must end in one of .npz, .pt, .csv, .parquet",
        "points.npz": "has x, y but no edge_index",
        "tensor.pt": "it is a Tensor, not a torch_geometric Data",
    }.items():
        with pytest.raises(DataError, match=message) as error:
            CustomDataset(path=str(tmp_path / name)).load(tmp_path)
        assert str(tmp_path / name) in str(error.value)
        assert "\n" not in str(error.value)


def test_nan_features_in_a_file(tmp_path: Path) -> None:
    x = ARRAYS["x"].copy()
    x[2, 1] = np.nan
    np.savez(tmp_path / "nan.npz", **{**ARRAYS, "x": x})
    with pytest.raises(DataError, match=r"custom: x\[2, 1\] = nan is not finite"):
        CustomDataset(path=str(tmp_path / "nan.npz")).load(tmp_path)


@pytest.mark.parametrize("suffix", [".npz", ".pt"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8"])
def test_unsigned_numbers_are_numbers(tmp_path: Path, suffix: str, dtype: str) -> None:
    edge_index = np.array([[0, 1, 2, 3], [1, 2, 3, 0]])
    arrays = {
        "x": np.arange(8).reshape(4, 2),
        "edge_index": edge_index,
        "y": np.array([0, 1, 0, 1]),
        "edge_weight": np.array([1, 2, 3, 4]),
        "train_mask": np.array([1, 1, 0, 0]),
        "test_mask": np.array([0, 0, 1, 1]),
    }
    arrays = {key: array.astype(dtype) for key, array in arrays.items()}
    path = tmp_path / f"mine{suffix}"
    if suffix == ".npz":
        np.savez(path, **arrays)
    else:
        torch.save({key: torch.from_numpy(array) for key, array in arrays.items()}, path)
    dataset = CustomDataset(str(path)).load(tmp_path)
    assert dataset.graph.edge_index.tolist() == edge_index.tolist()
    assert dataset.graph.x.tolist() == arrays["x"].tolist()
    assert dataset.graph.edge_weight.tolist() == [1, 2, 3, 4]
    assert dataset.y.tolist() == [0, 1, 0, 1]
    assert dataset.train_mask[:, 0].tolist() == [True, True, False, False]
