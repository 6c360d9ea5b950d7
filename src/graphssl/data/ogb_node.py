"""Node-classification graphs of the Open Graph Benchmark, through its own optional package."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage
from torch_geometric.utils import index_to_mask

from graphssl.contracts import NodeDataset
from graphssl.data.node_dataset import Transform, node_dataset
from graphssl.errors import DataError

# ogb saves a whole Data and loads it with torch's default, weights_only
torch.serialization.add_safe_globals([DataEdgeAttr, DataTensorAttr, GlobalStorage])


class OGBDataset:
    """A graph of OGB with its one given split.

    It lies in ``<data_dir>/PygNodePropPredDataset/<folder>`` with ``raw/*.csv.gz`` and
    ``split/<rule>/*.csv.gz``; a mirror has the same layout and is never written to.

    Args:
        name: as on the command line.
        ogb_name: OGB's name, e.g. ``ogbn-arxiv``.
        transforms: PyG transforms, applied to the loaded graph in this order.
    """

    def __init__(self, name: str, ogb_name: str, transforms: Sequence[Transform] = ()) -> None:
        self.name = name
        self.ogb_name = ogb_name
        self.transforms = transforms

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """The graph, transformed and validated.

        Raises:
            DataError: the package ``ogb`` is missing, or the graph cannot be had or read.
        """
        home = Path("PygNodePropPredDataset", self.ogb_name.replace("-", "_"))
        folders = [Path(os.path.abspath(data_dir.expanduser())) / home]
        if mirror is not None:
            folders.append(mirror.expanduser() / home)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # ogb is older than the pandas it reads with
                dataset = self._prepared(folders)
                masks = dataset.get_idx_split()
        except (DataError, MemoryError):
            raise
        except Exception as error:  # ogb's download and parsers raise what they like
            raise DataError(
                f"{self.name}: looked in {' and '.join(map(str, folders))}, but {self.ogb_name} "
                f"could not be read nor downloaded ({type(error).__name__}: "
                f"{' '.join(str(error).split())}): put the folders raw and split of OGB's archive "
                f"into {folders[-1]}"
            ) from error
        data = dataset[0]
        for key, ids in {"train": "train", "val": "valid", "test": "test"}.items():
            data[f"{key}_mask"] = index_to_mask(masks[ids], size=data.num_nodes)
        return node_dataset(self.name, data, self.transforms)

    def _prepared(self, folders: Sequence[Path]) -> Any:
        """Copy or download, then process, in a staging folder; rename it when whole."""
        home = folders[0]
        home.parent.mkdir(parents=True, exist_ok=True)
        if not (home / "processed").is_dir():
            with FileLock(home.parent / f".{home.name}.lock"):
                if not (home / "processed").is_dir():
                    self._prepare(home, folders)
        return self._open(home.parent)

    def _prepare(self, home: Path, folders: Sequence[Path]) -> None:
        staging = home.parent / f".{home.name}.staging"
        shutil.rmtree(staging, ignore_errors=True)  # left by a job that was killed
        try:
            staging.mkdir()
            source = next((folder for folder in folders if (folder / "raw").is_dir()), None)
            if source is not None:
                for part in ("raw", "split"):
                    shutil.copytree(source / part, staging / home.name / part)
                # without this note ogb asks on the terminal whether to download anew
                (staging / home.name / "RELEASE_v1.txt").touch()
            self._open(staging)
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
