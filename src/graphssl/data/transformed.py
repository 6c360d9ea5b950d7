"""Apply transforms to a graph, with separate random streams, and track its nodes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from graphssl.checks import whole_number
from graphssl.contracts import IntArray
from graphssl.errors import DataError, GraphSSLError, words
from graphssl.seeding import every_global_stream

Transform = Callable[[Any], Any]
# Index of the node + 1, since PyG fills the attributes of nodes that a transform adds with 0.
_CARRIED = "n_id"


def transformed(
    name: str, data: Data, transforms: Sequence[Transform], seed: int
) -> tuple[Data, IntArray | None]:
    """Apply ``transforms`` in order; ``data`` itself is not changed.

    Args:
        name: the dataset's name, used in errors.
        data: N nodes with ``x``, or with ``num_nodes``.
        transforms: PyG transforms. They may draw from the global streams of torch, NumPy and
            Python, which are seeded for them and restored.
        seed: seed of these streams, ``dataset.transform_seed``.

    Returns:
        The new graph of N' nodes, and the old index of each of its nodes, (N',), which is -1 for a
        node that a transform added; None if the nodes have not changed.

    Raises:
        ConfigError: ``seed`` is not a whole number, 0 or more.
        DataError: a transform fails, does not return a ``Data``, or changes the number of nodes so
            that they can no longer be identified.
    """
    whole_number("dataset.transform_seed", seed, least=0)
    before = torch.arange(1, _count(data) + 1)
    data, ids = copy.copy(data), before
    data[_CARRIED] = ids
    with every_global_stream(seed, "transforms"):
        for transform in transforms:
            data = _applied(name, data, transform)
            ids = data[_CARRIED] = _ids(name, data, transform, ids)
    del data[_CARRIED]
    return data, None if torch.equal(ids, before) else (ids - 1).numpy().astype(np.int64)


def _applied(name: str, data: Data, transform: Transform) -> Data:
    try:
        result = transform(data)
    except (GraphSSLError, MemoryError):
        raise
    except Exception as error:  # a transform may raise anything on an unsuitable graph
        raise DataError(
            f"{name}: the transform {_named(transform)} failed: {words(error)}"
        ) from error
    if not isinstance(result, Data):
        raise DataError(
            f"{name}: the transform {_named(transform)} returned {type(result).__name__}, not a "
            "torch_geometric Data"
        )
    return result


def _ids(name: str, data: Data, transform: Transform, before: Tensor) -> Tensor:
    """Return the ids that ``data`` carries, or ``before`` if it lost them and kept its nodes."""
    ids = data.get(_CARRIED)
    nodes = _count(data)
    if isinstance(ids, Tensor) and ids.shape == (nodes,):
        found: Tensor = ids
        if len(torch.unique(real := found[found > 0])) == len(real):
            return found
    elif nodes == len(before):
        return before
    raise DataError(
        f"{name}: the transform {_named(transform)} turned {len(before)} nodes into {nodes} that "
        f"can no longer be identified: let it select data.{_CARRIED} as it does data.y"
    )


def _count(data: Data) -> int:
    # PyG believes num_nodes, where it is set, rather than x
    return int(data.num_nodes if data.get("x") is None else data.x.size(0))


def _named(transform: Transform) -> str:
    while isinstance(transform, partial):
        transform = transform.func
    return getattr(transform, "__name__", type(transform).__name__)
