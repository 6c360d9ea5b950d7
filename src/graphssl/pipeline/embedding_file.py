"""Files of embeddings: npz, CSV, Parquet; npy to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from graphssl.atomic import replacing
from graphssl.contracts import AnyArray, FloatArray, NodeDataset
from graphssl.data.npz_file import read_npz
from graphssl.data.table_file import id_column, number_column, read_table
from graphssl.errors import ConfigError, DataError
from graphssl.terminal import bar

WRITTEN = (".npz", ".csv", ".parquet")
READ = (*WRITTEN, ".npy")
_BLOCK = 10_000  # rows


def check_target(path: Path) -> None:
    """Check that embeddings can be written to ``path``, before they are computed.

    Raises:
        ConfigError: its suffix names no format, or its folder does not exist.
    """
    if path.suffix not in WRITTEN:
        raise ConfigError(f"out={path} must end in one of {', '.join(WRITTEN)}")
    if not path.parent.is_dir():
        raise ConfigError(f"out={path}: there is no folder {path.parent}")


def write_embeddings(path: Path, rows: FloatArray, node_ids: AnyArray) -> None:
    """Write ``rows`` (N, D) and ``node_ids`` (N,), atomically, in the format of the suffix.

    An ``.npz`` has the arrays ``embeddings`` and ``node_ids``; a table has the column ``node_id``
    and a column per dimension. Nine digits keep every bit of a float32.

    Raises:
        ConfigError: the suffix names no format, or Parquet support is not installed.
    """
    check_target(path)
    with replacing(path) as file:
        if path.suffix == ".npz":
            np.savez_compressed(file, embeddings=rows, node_ids=node_ids)
            return
        table = pd.DataFrame(rows, columns=[f"dim_{d}" for d in range(rows.shape[1])])
        table.insert(0, "node_id", node_ids)
        if path.suffix == ".parquet":
            try:
                table.to_parquet(file, index=False)
            except ImportError:
                raise ConfigError(
                    f'out={path}: pyarrow is not installed: pip install "graphssl-werank[parquet]"'
                ) from None
            return
        with bar(f"writing {path.name}", len(table)) as advance:
            for start in range(0, len(table), _BLOCK):
                part = table.iloc[start : start + _BLOCK]
                part.to_csv(file, mode="wb", index=False, header=not start, float_format="%.9g")
                advance(len(part))


def read_embeddings(path: Path) -> tuple[FloatArray, AnyArray | None]:
    """Read rows (M, D), and their ids (M,) where the file has them.

    The array of an ``.npz`` is ``embeddings``, or its only one of two dimensions; ids are
    ``node_ids`` or ``node_id``. In a table they are the column ``node_id``.

    Raises:
        DataError: the file cannot be read, or does not contain one matrix of numbers.
    """
    if path.suffix not in READ:
        raise DataError(f"{path} must end in one of {', '.join(READ)}")
    if not path.is_file():
        raise DataError(f"{path} is not a file")
    try:
        rows, ids = _READERS[path.suffix](path)
    except DataError:
        raise
    except Exception as error:  # parsers raise anything on unexpected files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} cannot be read ({reason})") from error
    if rows.ndim != 2 or 0 in rows.shape or rows.dtype.kind not in "biuf":
        raise DataError(
            f"{path}: embeddings are {rows.dtype} of shape {rows.shape}, not (nodes, dimensions)"
        )
    if ids is not None and ids.shape != rows.shape[:1]:
        raise DataError(f"{path}: there are {ids.size} node ids for {len(rows)} rows")
    single = rows.dtype.kind != "f" or rows.dtype.itemsize < 4
    return rows.astype(np.float32) if single else rows, ids


def _read_npz(path: Path) -> tuple[FloatArray, AnyArray | None]:
    arrays = {key: array for key, array in read_npz(path).items() if array is not None}
    matrices = [key for key, array in arrays.items() if array.ndim == 2]
    key = "embeddings" if "embeddings" in arrays else matrices[0] if len(matrices) == 1 else None
    if key is None:
        raise DataError(
            f"{path} has the arrays {', '.join(arrays)}; name the one of embeddings 'embeddings'"
        )
    return arrays[key], arrays.get("node_ids", arrays.get("node_id"))


def _read_npy(path: Path) -> tuple[FloatArray, AnyArray | None]:
    return np.load(path, allow_pickle=False), None


def _read_table(path: Path) -> tuple[FloatArray, AnyArray | None]:
    table = read_table(path, ("node_id",))
    ids = id_column(path, table, "node_id") if "node_id" in table else None
    names = [column for column in map(str, table) if column != "node_id"]
    if not names:
        raise DataError(f"{path} has no column of numbers")
    return np.stack([number_column(path, table, name) for name in names], axis=1), ids


_READERS: dict[str, Callable[[Path], tuple[FloatArray, AnyArray | None]]] = {
    ".npz": _read_npz, ".npy": _read_npy, ".csv": _read_table, ".parquet": _read_table,
}  # fmt: skip


def in_node_order(
    path: Path, rows: FloatArray, ids: AnyArray | None, dataset: NodeDataset
) -> FloatArray:
    """Return the rows of all nodes of ``dataset`` in its order, joined by id where there are ids.

    Args:
        path: the file, for errors.
        rows: (M, D).
        ids: (M,), compared as text with the graph's ids, or None.
        dataset: the graph.

    Raises:
        DataError: the number of rows is wrong, an id is unknown, missing or there twice, or a value
            is not finite.
    """
    nodes = dataset.graph.num_nodes
    own = np.arange(nodes) if dataset.node_ids is None else dataset.node_ids
    if ids is not None:
        rows = rows[_places(path, ids.astype("U"), own.astype("U"), dataset.name)]
    elif len(rows) != nodes:
        raise DataError(
            f"{path} has {len(rows)} rows, but {dataset.name} has {nodes} nodes; give node_id to "
            "join by it"
        )
    if len(strange := np.argwhere(~np.isfinite(rows))):
        row, dimension = strange[0]
        raise DataError(
            f"{path}: dimension {dimension} of node {own[row]} is {rows[row, dimension]}; "
            f"{len(np.unique(strange[:, 0]))} of {nodes} nodes have such values"
        )
    return rows


def _places(path: Path, ids: AnyArray, own: AnyArray, name: str) -> AnyArray:
    """Return the row of each of the graph's ids ``own``."""
    index = pd.Index(ids)
    if index.has_duplicates:
        raise DataError(f"{path}: node_id {index[index.duplicated()][0]} is there twice")
    if len(unknown := ids[pd.Index(own).get_indexer_for(index) < 0]):
        raise DataError(
            f"{path}: node_id {unknown[0]} is not a node of {name}, nor are {len(unknown) - 1} more"
        )
    places = np.asarray(index.get_indexer_for(pd.Index(own)))
    if len(missing := own[places < 0]):
        raise DataError(
            f"{path} has no row for {len(missing)} of the {len(own)} nodes of {name}, e.g. "
            f"{missing[0]}"
        )
    return places
