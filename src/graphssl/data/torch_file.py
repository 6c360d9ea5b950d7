"""Read files of `torch.save` with a PyG `Data` or a dict, without running code in them."""

from __future__ import annotations

import pickletools
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from torch_geometric.data import Data
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage

# Classes other than tensors in a saved Data; PyG itself registers only Data.
torch.serialization.add_safe_globals([DataEdgeAttr, DataTensorAttr, GlobalStorage])

_SAVE_ONE = "it contains several graphs; save one of them"
# Advice by the last part of the name of another class.
_WAYS_OUT = {
    "HeteroData": "save data.to_homogeneous().to_dict()",
    "TemporalData": "save a Data with edge_index=torch.stack([data.src, data.dst])",
    "Batch": _SAVE_ONE,
    "list": _SAVE_ONE,
    "tuple": "instead of a processed file of PyG save dataset[0]",
    "SparseTensor": "instead of adj_t save edge_index=torch.stack(adj_t.t().coo()[:2])",
    # stored in a Data after a transform has queried the kinds of its attributes
    "AttrType": "save data.to_dict()",
    "_reconstruct": "it contains NumPy arrays; save tensors, torch.from_numpy(array)",
}
_DEFAULT = "save a torch_geometric Data, or its to_dict()"


def load_checked(path: Path) -> Any:
    """``torch.load`` onto the CPU, without running code, of a file whose checksums hold.

    torch writes a checksum of each tensor and does not look at it when it reads.

    Raises:
        ValueError: a checksum does not hold.
    """
    if is_zipfile(path):
        with ZipFile(path) as archive:
            if damaged := archive.testzip():
                raise ValueError(f"the checksum of {damaged} in it does not hold")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about pickles that it then refuses
        return torch.load(path, map_location="cpu", weights_only=True)


def read_torch(path: Path) -> dict[str, Any]:
    """Read the attributes of the `Data`, or the entries of the dict, in ``path`` that are not None.

    Raises:
        ValueError: the file contains anything else; the message names the class and the fix.
    """
    try:
        saved = load_checked(path)
    except UnpicklingError as error:
        classes = [*_classes(path), *re.findall(r"GLOBAL ([\w.]+)", str(error))]
        if not classes:
            raise ValueError(f"torch cannot read this pickle safely; {_DEFAULT}") from error
        known = [name for name in classes if _key(name) in _WAYS_OUT]
        raise ValueError(_refusal([*known, *classes][0])) from error
    if isinstance(saved, Data):
        saved = saved.to_dict()
    if not isinstance(saved, dict):
        raise ValueError(_refusal(type(saved).__name__))
    return {str(key): value for key, value in saved.items() if value is not None}


def _key(name: str) -> str:
    return name.rpartition(".")[2]


def _refusal(name: str) -> str:
    hint = _WAYS_OUT.get(_key(name), _DEFAULT)
    return f"it is a {name}, not a torch_geometric Data; {hint}"


def _classes(path: Path) -> Iterator[str]:
    """Yield the names that the pickle in ``path`` would import, outermost first, without doing so.

    A file that is not a pickle of ``torch.save`` yields none.
    """
    try:
        with ZipFile(path) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            for operation, argument, _ in pickletools.genops(archive.read(pickles[0])):
                if operation.name == "GLOBAL":
                    yield str(argument).replace(" ", ".")
    except (BadZipFile, IndexError, ValueError):
        return
