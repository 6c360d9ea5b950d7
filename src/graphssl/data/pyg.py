"""Any dataset class of PyG with one graph, as a `NodeDataset`."""

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

from graphssl.contracts import NodeDataset
from graphssl.data.checksums import Checksums, fingerprint
from graphssl.data.guarded import guarded
from graphssl.data.node_dataset import Transform, node_dataset
from graphssl.errors import ConfigError, DataError

log = logging.getLogger(__name__)


class PyGDataset:
    """A PyG dataset, its raw files taken from a mirror or downloaded, and checked.

    Args:
        name: as on the command line.
        source: the PyG class with its own arguments, all but ``root`` (yaml: ``_partial_: true``).
        transforms: applied to the loaded graph, in this order; never stored on disk.
        checksums: raw file name -> known sha256 and git blob ids.
        pickle: PyG unpickles the raw files; such a file is refused if it matches no checksum.
        trust: accept it all the same.
    """

    def __init__(
        self,
        name: str,
        source: partial[Any],
        transforms: Sequence[Transform] = (),
        checksums: Mapping[str, Sequence[str]] | None = None,
        pickle: bool = True,
        trust: bool = False,
    ) -> None:
        for key, value in (("pickle", pickle), ("trust", trust)):
            if not isinstance(value, bool):
                raise ConfigError(f"dataset.{key} must be true or false, got {value!r}")
        self.name = name
        self.source = source
        self.transforms = transforms
        self.checksums = Checksums(checksums or {}, pickle, trust)

    def load(self, data_dir: Path, mirror: Path | None = None) -> NodeDataset:
        """The graph, transformed and validated.

        Args:
            data_dir: raw files and PyG's processed graph are kept under it.
            mirror: folder with raw files, ``<PyG class>/<name>/raw/<files>``; never written to.

        Raises:
            DataError: the graph cannot be had or read, or is not fit for node classification.
            ConfigError: the PyG class refuses its arguments, or holds more than one graph.
        """
        data, other_files = self._data(data_dir, mirror)
        return node_dataset(self.name, data, self.transforms, other_files)

    def _data(self, data_dir: Path, mirror: Path | None) -> tuple[Data, str | None]:
        """The graph, and a hash of its raw files where they are not those that are known."""
        data_dir = Path(os.path.abspath(data_dir.expanduser()))
        mirror = None if mirror is None else Path(os.path.abspath(mirror.expanduser()))
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
        except Exception as error:  # whatever a parser meets in a file that is not what it says
            raise DataError(
                f"{self.name}: a raw file is corrupted ({type(error).__name__}: "
                f"{' '.join(str(error).split())}); replace or delete the files of {root}"
                + (f" and {mirror / base.__name__}" if mirror else "")
            ) from error
        if len(dataset) != 1:
            raise ConfigError(f"dataset.source: {base.__name__} holds {len(dataset)} graphs, not 1")
        if dataset.strangers:
            log.warning(
                "%s: %s matches no known checksum; used as it is",
                self.name,
                ", ".join(dataset.strangers),
            )
        raw = [Path(path) for path in dataset.raw_paths]
        return dataset[0], fingerprint(raw) if dataset.strangers else None
