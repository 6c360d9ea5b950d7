"""Load any dataset class of PyG with a single graph as a `NodeDataset`."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch_geometric
from torch_geometric.data import Data

from graphssl.checks import boolean
from graphssl.contracts import NodeDataset
from graphssl.data.checksums import Checksums, UnknownUntilLoadedError, fingerprint
from graphssl.data.guarded import guarded, raw_files
from graphssl.data.node_dataset import node_dataset
from graphssl.data.transformed import Transform
from graphssl.errors import ConfigError, DataError

log = logging.getLogger(__name__)


class PyGDataset:
    """A PyG dataset whose raw files are taken from a mirror or downloaded, and verified.

    Args:
        name: name of the dataset, as on the command line.
        source: the PyG class with all arguments but ``root`` (yaml: ``_partial_: true``).
        transforms: PyG transforms, applied to the loaded graph in order; never stored on disk.
        checksums: raw file name -> known sha256 and git blob ids.
        pickle: whether PyG unpickles the raw files; a file that matches no checksum is refused.
        trust: whether to accept such a file nevertheless.
        transform_seed: seed of the random streams that transforms draw from.
        published: graphssl's own checksums, by file name. Only files that match these need no
            fingerprint, since those in ``checksums`` may be user-defined.

    Raises:
        ConfigError: ``pickle`` or ``trust`` is not a boolean.
    """

    def __init__(
        self,
        name: str,
        source: partial[Any],
        transforms: Sequence[Transform] = (),
        checksums: Mapping[str, Sequence[str]] | None = None,
        pickle: bool = True,
        trust: bool = False,
        transform_seed: int = 0,
        published: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        boolean("dataset.pickle", pickle)
        boolean("dataset.trust", trust)
        self.name = name
        self.source = source
        self.transforms = transforms
        self.checksums = Checksums(checksums or {}, pickle, trust)
        self.transform_seed = transform_seed
        self.published = Checksums(published or {}, pickle=False)

    def fingerprint(self, data_dir: Path, mirror: Path | None = None) -> str | None:
        """Hash the raw files if they are not the published ones, without processing them.

        Files that are not on disk yet are assumed to be the published ones, if checksums of these
        are known.

        Raises:
            UnknownUntilLoadedError: they are not.
        """
        data_dir, mirror = _absolute(data_dir), None if mirror is None else _absolute(mirror)
        base, arguments = self.source.func, self.source.keywords
        try:
            files = raw_files(base, data_dir, mirror, arguments)
        except Exception:  # the class refuses its arguments; load gives a better message
            files = []
        if files and all(file.is_file() for file in files):
            return self._fingerprint(files)
        if files and all(file.name in self.published.known for file in files):
            return None
        raise UnknownUntilLoadedError

    def _fingerprint(self, files: Sequence[Path]) -> str | None:
        return fingerprint(files) if self.published.strangers(files) else None

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """Load the graph, transformed and validated.

        Args:
            data_dir: folder for raw files and PyG's processed graph.
            mirror: folder with raw files, ``<PyG class>/<name>/raw/<files>``; never written to.

        Raises:
            DataError: the graph is not available, not readable or unfit for node classification.
            ConfigError: the PyG class refuses its arguments, or has more than one graph.
        """
        data, other_files = self._data(data_dir, mirror)
        return node_dataset(self.name, data, self.transforms, other_files, self.transform_seed)

    def _data(self, data_dir: Path, mirror: Path | None) -> tuple[Data, str | None]:
        """Load the graph, and hash its raw files if they are not the published ones."""
        data_dir, mirror = _absolute(data_dir), None if mirror is None else _absolute(mirror)
        base, arguments = self.source.func, self.source.keywords
        key = f"{arguments} PyG {torch_geometric.__version__}"
        dataset_class = guarded(base, data_dir, mirror, self.checksums, key)
        root = data_dir / base.__name__
        try:
            with warnings.catch_warnings():
                # old pickles name modules and dtypes that NumPy and SciPy have since moved
                warnings.simplefilter("ignore")
                dataset = dataset_class(root=str(root), **arguments)
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from error
        except (AssertionError, TypeError) as error:
            raise ConfigError(
                f"dataset.source: {base.__name__} refuses {arguments} ({error})"
            ) from error
        except OSError as error:
            raise DataError(
                f"{self.name}: cannot be prepared under paths.data={data_dir} ({error})"
            ) from error
        except MemoryError:
            raise
        except Exception as error:  # anything that a parser raises on an unexpected file
            raise DataError(
                f"{self.name}: a raw file is corrupted ({type(error).__name__}: "
                f"{' '.join(str(error).split())}); replace or delete the files of {root}"
                + (f" and {mirror / base.__name__}" if mirror else "")
            ) from error
        if len(dataset) != 1:
            raise ConfigError(f"dataset.source: {base.__name__} has {len(dataset)} graphs, not 1")
        if dataset.strangers:
            log.warning(
                "%s: %s matches no known checksum; used nevertheless",
                self.name,
                ", ".join(dataset.strangers),
            )
        return dataset[0], self._fingerprint([Path(path) for path in dataset.raw_paths])


def _absolute(folder: Path) -> Path:
    return Path(os.path.abspath(folder.expanduser()))
