"""Node-classification graphs of the Open Graph Benchmark, with its optional package."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage
from torch_geometric.utils import index_to_mask

from graphssl.contracts import NodeDataset
from graphssl.data.checksums import UnknownUntilLoadedError, fingerprint
from graphssl.data.node_dataset import node_dataset
from graphssl.data.transformed import Transform
from graphssl.errors import DataError
from graphssl.locks import exclusive

# ogb saves a whole Data and loads it with torch's default, weights_only
torch.serialization.add_safe_globals([DataEdgeAttr, DataTensorAttr, GlobalStorage])

# File with the fingerprint of the raw files from which the processed graph next to it was made.
_NOTE = "processed.from"


class OGBDataset:
    """A graph of OGB with its official split.

    It is stored in ``<data_dir>/PygNodePropPredDataset/<folder>`` with ``raw/*.csv.gz`` and
    ``split/<rule>/*.csv.gz``; a mirror has the same layout and is never written to.

    Args:
        name: name of the dataset, as on the command line.
        ogb_name: OGB's name, e.g. ``ogbn-arxiv``.
        transforms: PyG transforms, applied to the loaded graph in order.
        transform_seed: seed of the random streams that they draw from.
    """

    def __init__(
        self,
        name: str,
        ogb_name: str,
        transforms: Sequence[Transform] = (),
        transform_seed: int = 0,
    ) -> None:
        self.name = name
        self.ogb_name = ogb_name
        self.transforms = transforms
        self.transform_seed = transform_seed

    def fingerprint(self, data_dir: Path, mirror: Path | None = None) -> str | None:
        """Hash the raw files and the split.

        Raises:
            UnknownUntilLoadedError: they are not on disk yet.
        """
        source = _source(self._folders(data_dir, mirror))
        if source is None:
            raise UnknownUntilLoadedError
        return _fingerprint(source)

    def _folders(self, data_dir: Path, mirror: Path | None) -> list[Path]:
        home = Path("PygNodePropPredDataset", self.ogb_name.replace("-", "_"))
        mirrors = [] if mirror is None else [mirror.expanduser() / home]
        return [Path(os.path.abspath(data_dir.expanduser())) / home, *mirrors]

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Load the graph, transformed and validated.

        Raises:
            DataError: the package ``ogb`` is missing, or the graph is not available or readable.
        """
        folders = self._folders(data_dir, mirror)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # ogb is older than the pandas it reads with
                dataset = self._prepared(folders)
                masks = dataset.get_idx_split()
        except (DataError, MemoryError):
            raise
        except Exception as error:  # ogb's download and parsers raise errors of any class
            raise DataError(
                f"{self.name}: {self.ogb_name} could neither be read from "
                f"{' or '.join(map(str, folders))} nor downloaded ({type(error).__name__}: "
                f"{' '.join(str(error).split())}): put the folders raw and split of OGB's archive "
                f"into {folders[-1]}"
            ) from error
        data = dataset[0]
        for key, ids in {"train": "train", "val": "valid", "test": "test"}.items():
            data[f"{key}_mask"] = index_to_mask(masks[ids], size=data.num_nodes)
        return node_dataset(
            self.name, data, self.transforms, _fingerprint(folders[0]), self.transform_seed
        )

    def _prepared(self, folders: Sequence[Path]) -> Any:
        """Copy or download, then process, in a staging folder; rename it when complete."""
        home = folders[0]
        home.parent.mkdir(parents=True, exist_ok=True)
        if not _is_ready(home):
            with exclusive(home.parent, home.parent / f".{home.name}.lock"):
                if not _is_ready(home):
                    self._prepare(home, folders)
        return self._open(home.parent)

    def _prepare(self, home: Path, folders: Sequence[Path]) -> None:
        staging = home.parent / f".{home.name}.staging"
        shutil.rmtree(staging, ignore_errors=True)  # left by a job that was killed
        try:
            staging.mkdir()
            source = _source(folders)
            if source is not None:
                for part in ("raw", "split"):
                    shutil.copytree(source / part, staging / home.name / part)
                # without this file ogb asks on the terminal whether to download again
                (staging / home.name / "RELEASE_v1.txt").touch()
            self._open(staging)
            (staging / home.name / _NOTE).write_text(_fingerprint(staging / home.name))
            shutil.rmtree(home, ignore_errors=True)
            os.rename(staging / home.name, home)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _open(self, root: Path) -> Any:
        try:
            from ogb.nodeproppred import PygNodePropPredDataset
        except ImportError as error:
            raise DataError(
                f"{self.name} needs the package ogb: pip install 'graphssl-werank[ogb]'"
            ) from error
        return PygNodePropPredDataset(self.ogb_name, root=str(root))


def _source(folders: Sequence[Path]) -> Path | None:
    """Return the first of ``folders`` that contains raw files."""
    return next((folder for folder in folders if (folder / "raw").is_dir()), None)


def _fingerprint(home: Path) -> str:
    files = sorted(file for part in ("raw", "split") for file in (home / part).rglob("*.csv.gz"))
    return fingerprint(files, *(str(file.relative_to(home)) for file in files))


def _is_ready(home: Path) -> bool:
    note = home / _NOTE
    made = (home / "processed").is_dir() and note.is_file()
    return made and note.read_text() == _fingerprint(home)
