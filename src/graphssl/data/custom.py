"""The user's own graph, from an npz archive or a PyG `Data` saved with torch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage

from graphssl.contracts import AnyArray, NodeDataset
from graphssl.data.checksums import sha256
from graphssl.data.node_dataset import MASKS, node_dataset
from graphssl.data.transformed import Transform
from graphssl.errors import DataError

REQUIRED = ("x", "edge_index", "y")
OPTIONAL = ("edge_weight", *MASKS)
UNREADABLE = (
    OSError, ValueError, EOFError, RuntimeError, TypeError, AttributeError, UnpicklingError,
    BadZipFile,
)  # fmt: skip

# what a saved Data consists of besides tensors; PyG itself allows Data alone
torch.serialization.add_safe_globals([DataEdgeAttr, DataTensorAttr, GlobalStorage])


class CustomDataset:
    """A graph from a file of the user's.

    Args:
        path: ``.npz`` with the arrays ``x`` (N, F), ``edge_index`` (2, E), ``y`` (N,) and
            optionally ``edge_weight`` (E,), ``train_mask``, ``val_mask``, ``test_mask``, (N,) or
            (N, S), ``node_id`` (N,), whole numbers or strings by which embeddings name the nodes;
            or ``.pt``, a PyG ``Data`` (or its ``to_dict()``) with the same attributes, saved by
            ``torch.save``. Relative to the working directory.
        name: shown in the record.
        transforms: PyG transforms, applied in this order.
        transform_seed: of the random streams that they draw from.
    """

    def __init__(
        self,
        path: str,
        name: str = "custom",
        transforms: Sequence[Transform] = (),
        transform_seed: int = 0,
    ) -> None:
        self.path = Path(path)
        self.name = name
        self.transforms = transforms
        self.transform_seed = transform_seed

    def fingerprint(self, data_dir: Path, mirror: Path | None = None) -> str:
        """The sha256 of the file.

        Raises:
            DataError: there is none.
        """
        return sha256(self._file())

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """The graph, transformed and validated; neither folder is touched.

        Raises:
            DataError: the file is missing, unreadable, or not a graph with labels.
        """
        path = self._file()
        if path.suffix not in READERS:
            raise DataError(f"{self.name}: dataset.path={path} ends in neither .npz nor .pt")
        try:
            arrays = READERS[path.suffix](path)
        except UNREADABLE as error:
            raise DataError(
                f"{self.name}: dataset.path={path} cannot be read "
                f"({' '.join(str(error).split())[:200]})"
            ) from error
        missing = [key for key in REQUIRED if arrays.get(key) is None]
        if missing:
            raise DataError(
                f"{self.name}: {path} has {', '.join(arrays)} but no {', '.join(missing)}"
            )
        data = Data(**{key: arrays[key] for key in (*REQUIRED, *OPTIONAL) if key in arrays})
        ids = arrays.get("node_id")
        ids = ids.numpy() if isinstance(ids, Tensor) else None if ids is None else np.asarray(ids)
        return node_dataset(
            self.name, data, self.transforms, sha256(path), self.transform_seed, ids
        )

    def _file(self) -> Path:
        path = self.path.expanduser()
        if not path.is_file():
            raise DataError(f"{self.name}: dataset.path={path} is not a file")
        return path


def _read_npz(path: Path) -> dict[str, Any]:
    # NumPy leaves a file it opened itself open when it is no archive
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        known = (*REQUIRED, *OPTIONAL, "node_id")
        return {key: _read(key, archive[key]) if key in known else None for key in archive.files}


def _read(key: str, array: AnyArray) -> Tensor | AnyArray:
    if key == "node_id":
        return array
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{key} is an array of {array.dtype}, not of numbers")
    return torch.from_numpy(array)


def _read_torch(path: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch remarks on pickles that it then refuses
        saved = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(saved, Data):
        saved = saved.to_dict()
    if not isinstance(saved, dict):
        raise ValueError(f"holds a {type(saved).__name__}, not a torch_geometric Data")
    return saved


READERS = {".npz": _read_npz, ".pt": _read_torch}
