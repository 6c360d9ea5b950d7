"""Custom graphs: an npz archive, a PyG `Data` saved with torch, or an edge list."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphssl.contracts import NodeDataset
from graphssl.data.checksums import fingerprint, sha256
from graphssl.data.edge_list import read_edge_list
from graphssl.data.facts import KEYS, log_keys_not_used
from graphssl.data.node_dataset import node_dataset
from graphssl.data.npz_file import read_npz
from graphssl.data.table_file import SUFFIXES
from graphssl.data.torch_file import read_torch
from graphssl.data.transformed import Transform
from graphssl.errors import DataError

# pos is not used in training, but transforms read it; num_nodes is used if there is no x
READ = (*KEYS, "pos", "num_nodes")
# Keys that graphs often have and that can be dropped without loss.
EXTRAS = (
    "name", "num_edges", "num_features", "num_classes", "node_type", "edge_type",
)  # fmt: skip
_MEANT = {
    "label": "y", "labels": "y", "target": "y", "targets": "y", "features": "x", "feature": "x",
    "feat": "x",     "feats": "x", "attr": "x", "edges": "edge_index", "edge_list": "edge_index",
    "weight": "edge_weight", "weights": "edge_weight", "train": "train_mask", "val": "val_mask",
    "valid_mask": "val_mask", "test": "test_mask", "id": "node_id", "ids": "node_id",
}  # fmt: skip
_SPARSE_PARTS = ("_data", "_indices", "_indptr", "_shape")


class CustomDataset:
    """A custom graph from a file.

    Args:
        path: ``.npz`` with the arrays ``x`` (N, F), ``edge_index`` (2, E) and ``y`` (N,), and
            optionally ``edge_weight`` (E,) or ``edge_attr`` of that shape, ``train_mask``,
            ``val_mask`` and ``test_mask``, (N,) or (N, S), ``node_id`` (N,), integers or strings
            that name the nodes in saved embeddings, and ``pos`` for transforms; or ``.pt``, a PyG
            ``Data`` (or its ``to_dict()``) with the same attributes, saved by ``torch.save``; or
            ``.csv`` or ``.parquet``, an edge list (``read_edge_list``). Relative to the working
            directory.
        name: name of the dataset in the record.
        transforms: PyG transforms, applied in order.
        ignore: keys of the file to skip; any other unknown key is an error.
        transform_seed: seed of the random streams that transforms draw from.
        node_table: ``.csv`` or ``.parquet`` with the nodes of an edge list, or None.

    Example:
        >>> CustomDataset("graphs/mine.npz", name="mine").name
        'mine'
    """

    def __init__(
        self,
        path: str,
        name: str = "custom",
        transforms: Sequence[Transform] = (),
        ignore: Sequence[str] = (),
        transform_seed: int = 0,
        node_table: str | None = None,
    ) -> None:
        self.path = Path(path)
        self.node_table = None if node_table is None else Path(node_table).expanduser()
        self.name = name
        self.transforms = transforms
        self.ignore, self.transform_seed = ignore, transform_seed

    def fingerprint(self, data_dir: Path, mirror: Path | None = None) -> str:
        """Compute the sha256 of the file, or hash it with its node table; neither folder is used.

        Raises:
            DataError: there is no such file.
        """
        path = self._file()
        return sha256(path) if self.node_table is None else fingerprint([path, self.node_table])

    def _file(self) -> Path:
        path, table = self.path.expanduser(), self.node_table
        if not path.is_file():
            raise DataError(f"{self.name}: dataset.path={path} is not a file")
        if table is not None and not table.is_file():
            raise DataError(f"{self.name}: dataset.node_table={table} is not a file")
        if table is not None and path.suffix not in SUFFIXES:
            raise DataError(
                f"{self.name}: dataset.node_table={table} belongs to an edge list, but "
                f"dataset.path={path} does not end in {' or '.join(SUFFIXES)}"
            )
        return path

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Load the graph, transformed and validated; neither folder is used.

        Raises:
            DataError: the file is missing, unreadable, or not a graph with labels.
        """
        path = self._file()
        if path.suffix in SUFFIXES:
            return self._of_edge_list(path)
        if path.suffix not in READERS:
            known = ", ".join([*READERS, *SUFFIXES])
            raise DataError(f"{self.name}: dataset.path={path} must end in one of {known}")
        try:
            found = READERS[path.suffix](path, [key for key in READ if key not in self.ignore])
        except Exception as error:  # parsers raise anything on unexpected files
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise DataError(
                f"{self.name}: dataset.path={path} cannot be read ({reason})"
            ) from error
        used = {key: value for key, value in found.items() if key in READ}
        used = {key: value for key, value in used.items() if key not in self.ignore}
        if "x" in used:
            used.pop("num_nodes", None)
        self._check_keys(path, list(found), used)
        left = sorted(found.keys() - used.keys())
        ids = used.pop("node_id", None)
        dataset = node_dataset(
            self.name, Data(**used), self.transforms, sha256(path), self.transform_seed, ids
        )
        log_keys_not_used(self.name, left)
        not_used = sorted([*left, *dataset.facts["keys_not_used"]])
        return replace(dataset, facts={**dataset.facts, "keys_not_used": not_used})

    def _of_edge_list(self, path: Path) -> NodeDataset:
        try:
            found = read_edge_list(path, self.node_table, self.ignore)
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from error
        ids = found.pop("node_id")
        return node_dataset(
            self.name,
            Data(**found, num_nodes=len(ids)),
            self.transforms,
            self.fingerprint(Path()),
            self.transform_seed,
            ids,
        )

    def _check_keys(self, path: Path, found: list[str], used: Mapping[str, Any]) -> None:
        where = f"{self.name}: dataset.path={path}"
        if strange := [key for key in self.ignore if key not in found]:
            raise DataError(
                f"{where} has no {', '.join(strange)}, which dataset.ignore names; it has "
                f"{', '.join(found)}"
            )
        unknown = [key for key in found if key not in (*READ, *EXTRAS, *self.ignore)]
        if unknown:
            named = ", ".join(key + _suggestion(key) for key in unknown[:8])
            raise DataError(
                f"{where} has the unknown keys {named}{', ...' if len(unknown) > 8 else ''}; "
                f"known: {', '.join(READ)}; rename them, or skip them with "
                f"dataset.ignore=[{','.join(unknown[:8])}]"
            )
        if "edge_index" not in used:
            raise DataError(f"{where} has {', '.join(found)} but no edge_index")


def _suggestion(key: str) -> str:
    if key == "adj_t":
        return " (save edge_index=torch_geometric.utils.to_edge_index(adj_t.t())[0] instead)"
    if key.endswith(_SPARSE_PARTS):
        return " (part of a sparse matrix? save x=matrix.toarray(), edge_index of adj.nonzero())"
    near = difflib.get_close_matches(key.lower(), READ, n=1, cutoff=0.7)
    meant = _MEANT.get(key.lower(), near[0] if near else None)
    return f" ({meant}?)" if meant else ""


def _read_npz(path: Path, wanted: Sequence[str]) -> dict[str, Any]:
    arrays = read_npz(path, wanted)
    return {
        key: array if key == "node_id" else _tensor(key, array) for key, array in arrays.items()
    }


def _tensor(key: str, array: Any) -> Tensor | None:
    if array is None:
        return None
    if array.dtype.kind in "US":
        hint = "; save np.unique(y, return_inverse=True)[1]" if key == "y" else ""
        raise TypeError(f"{key} is an array of strings ({array.dtype}), not of numbers{hint}")
    return torch.from_numpy(array)


def _read_torch(path: Path, wanted: Sequence[str]) -> dict[str, Any]:
    return read_torch(path)


READERS: dict[str, Callable[[Path, Sequence[str]], dict[str, Any]]] = {
    ".npz": _read_npz, ".pt": _read_torch,
}  # fmt: skip
