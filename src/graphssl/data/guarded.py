"""PyG's dataset classes, made safe for offline nodes, unknown files and concurrent jobs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch_geometric.data import Data

from graphssl.data.checksums import Checksums, fingerprint
from graphssl.data.raw_files import collect
from graphssl.errors import DataError
from graphssl.locks import exclusive


def guarded(base: Any, data_dir: Path, mirror: Path | None, checksums: Checksums, key: str) -> Any:
    """Subclass a PyG dataset class so that it fetches and processes behind a lock.

    All files are written to a staging folder and renamed into place when complete, so that
    ``data_dir`` contains only complete files, even if a job is interrupted. The processed graph is
    stored in ``processed/<fingerprint of raw files and key>`` and never reused for other raw files.

    Args:
        base: subclass of ``InMemoryDataset`` with ``download`` and ``process``.
        data_dir: absolute folder for raw files and processed graphs.
        mirror: absolute folder with raw files at the same relative paths, or None.
        checksums: verified before ``base.process`` reads a file.
        key: anything else on which the processed graph depends.

    Returns:
        The subclass. Loading raises ``DataError`` for a file that is not accepted.
    """

    class Guarded(base):
        root: str
        strangers: list[str]
        _fingerprint = ""

        @property
        def processed_dir(self) -> str:
            return os.path.join(super().processed_dir, self._fingerprint)

        @classmethod
        def save(cls, data_list: Sequence[Any], path: str) -> None:
            super().save([_packed(data) for data in data_list], path)

        def load(self, path: str, data_cls: Any = Data) -> None:
            try:  # if this one fails, PyG's own falls back on an unrestricted load
                content, self.slices, *kind = torch.load(path, weights_only=True)
            except UnpicklingError as error:
                raise DataError(f"{path} has been modified; delete it") from error
            self.data = (kind[0] if kind else data_cls).from_dict(content)
            if self._data.x is not None and self._data.x.is_sparse:
                self._data.x = self._data.x.to_dense()

        def _download(self) -> None:
            """Do nothing: `_process` downloads while it holds the lock."""

        def _process(self) -> None:
            if self._ready():
                return
            label = "-".join(self._place().parts[:-1])
            staging = data_dir / f".{label}.staging"
            data_dir.mkdir(parents=True, exist_ok=True)
            with exclusive(staging, data_dir / f".{label}.lock"):
                try:
                    if not self._ready():
                        self._prepare(staging / "new")
                finally:
                    shutil.rmtree(staging, ignore_errors=True)  # who waits for it looks again

        def _place(self) -> Path:
            """Return the folder of the raw files, relative to `data_dir` and to the mirror."""
            return Path(self.raw_dir).relative_to(data_dir)

        def _check(self) -> None:
            files = [Path(path) for path in self.raw_paths]
            self.strangers = checksums.strangers(files)
            self._fingerprint = fingerprint(files, key)

        def _ready(self) -> bool:
            if not all(map(os.path.isfile, self.raw_paths)):
                return False
            self._check()
            return all(map(os.path.isfile, self.processed_paths))

        def _prepare(self, staging: Path) -> None:
            root, place = self.root, self._place()
            shutil.rmtree(staging, ignore_errors=True)  # left by a job that was killed
            self.root = str(staging / Path(root).relative_to(data_dir))
            self.log = False
            try:
                names = [os.path.basename(path) for path in self.raw_paths]
                staged_raw = Path(self.raw_dir)
                staged_raw.mkdir(parents=True)
                mirrors = [] if mirror is None else [mirror / place]
                copied = collect(names, staged_raw, [data_dir / place, *mirrors], self.download)
                checksums.strangers(copied)  # an error then names the file, not its copy
                self._check()
                super()._process()
                staged_processed = self.processed_dir
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
            self.root = root
            Path(self.raw_dir).mkdir(parents=True, exist_ok=True)
            for name in names:
                os.replace(staged_raw / name, data_dir / place / name)
            shutil.rmtree(self.processed_dir, ignore_errors=True)
            Path(self.processed_dir).parent.mkdir(parents=True, exist_ok=True)
            os.rename(staged_processed, self.processed_dir)
            shutil.rmtree(staging)

    return Guarded


class _LocatedError(Exception):
    """Carries raw paths out of PyG's constructor."""


def raw_files(
    base: Any, data_dir: Path, mirror: Path | None, arguments: Mapping[str, Any]
) -> list[Path]:
    """Locate the raw files of a PyG dataset, present or not, under ``data_dir`` or in ``mirror``.

    Args:
        base: as in `guarded`, which searches the same places.
        data_dir: absolute folder.
        mirror: absolute folder, or None.
        arguments: arguments of ``base``, all but ``root``.
    """

    class Looking(base):
        def _download(self) -> None:
            raise _LocatedError(*self.raw_paths)

    paths: list[Path] = []
    try:
        Looking(root=str(data_dir / base.__name__), **arguments)
    except _LocatedError as located:
        paths = [Path(path) for path in located.args]
    if mirror is not None:
        elsewhere = {path: mirror / path.relative_to(data_dir) for path in paths}
        paths = [p if p.is_file() or not elsewhere[p].is_file() else elsewhere[p] for p in paths]
    return paths


def _packed(data: Any) -> Any:
    """Store bags of words sparse: Coauthor Physics takes 25 MB on disk instead of 1.2 GB."""
    if data.x is not None and data.x.count_nonzero() < 0.1 * data.x.numel():
        data.x = data.x.to_sparse()
    return data
