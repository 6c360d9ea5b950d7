"""Graphs of networkx and SciPy as PyG `Data`, and `Data` as a file of ``dataset=custom``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import Constant

from graphssl.atomic import replacing
from graphssl.data.facts import MASKS
from graphssl.data.node_dataset import node_dataset
from graphssl.errors import DataError


def from_networkx(
    graph: Any, features: str | None = None, label: str | None = None, weight: str | None = None
) -> Data:
    """Convert a networkx graph; an undirected edge becomes two, a multigraph's edges all count.

    Args:
        graph: a ``networkx.Graph``, ``DiGraph``, ``MultiGraph`` or ``MultiDiGraph``.
        features: node attribute with F numbers, the same F for all nodes.
        label: node attribute with the class, as a number or as text; a node without it has no
            label. Text becomes its position in the sorted classes.
        weight: edge attribute with the weight, which every edge must have.

    Returns:
        The graph with ``node_id``: the names of the nodes, as whole numbers or as text.

    Raises:
        DataError: the graph has no edge, or a node or an edge lacks an attribute.

    Example:
        >>> import networkx as nx
        >>> from_networkx(nx.path_graph(3)).edge_index.tolist()
        [[0, 1, 1, 2], [1, 0, 2, 1]]
    """
    place = {node: index for index, node in enumerate(graph)}
    both = not graph.is_directed()
    ends, weights = [], []
    for source, target, values in graph.edges(data=True):
        ways = [(source, target)] + ([(target, source)] if both and source != target else [])
        ends += [(place[a], place[b]) for a, b in ways]
        if weight is not None:
            weights += [_of(values, weight, f"edge {source!r} - {target!r}")] * len(ways)
    data = Data(edge_index=torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).t().contiguous())
    data.num_nodes = len(place)
    names = list(place)
    whole = all(isinstance(name, int) and not isinstance(name, bool) for name in names)
    data.node_id = np.array(names if whole else list(map(str, names)))
    if weight is not None:
        data.edge_weight = torch.tensor(weights, dtype=torch.float64)
    if features is not None:
        rows = [_of(graph.nodes[node], features, f"node {node!r}") for node in names]
        try:
            data.x = torch.tensor(np.array(rows, dtype=np.float32).reshape(len(rows), -1))
        except ValueError as error:
            raise DataError(f"the node attribute {features!r} is not F numbers: {error}") from error
    if label is not None:
        given = [graph.nodes[node].get(label) for node in names]
        classes = sorted({value for value in given if isinstance(value, str)})
        codes = {name: code for code, name in enumerate(classes)}
        data.y = torch.tensor([-1 if v is None else codes.get(v, v) for v in given])
    return data


def from_scipy(adjacency: Any, x: Any = None, y: Any = None, node_id: Any = None) -> Data:
    """Convert a sparse adjacency matrix, whose entry (i, j) is an edge from i to j.

    Args:
        adjacency: (N, N) SciPy matrix or array. Explicit zeros are edges of weight 0; the entries
            are weights unless all are 1.
        x: features, (N, F), dense or sparse, or None.
        y: labels, (N,) or (N, C), or None.
        node_id: N ids, or None for 0..N-1.

    Raises:
        DataError: the matrix is not square.

    Example:
        >>> import scipy.sparse as sp
        >>> from_scipy(sp.csr_array([[0, 2], [0, 0]])).edge_weight.tolist()
        [2.0]
    """
    entries = adjacency.tocoo()
    nodes, columns = entries.shape
    if nodes != columns:
        raise DataError(f"an adjacency matrix must be square, got shape {entries.shape}")
    ends = np.stack([entries.row, entries.col]).astype(np.int64)
    data = Data(edge_index=torch.from_numpy(ends), num_nodes=nodes)
    if (entries.data != 1).any():
        data.edge_weight = torch.from_numpy(entries.data.astype(np.float64))
    if x is not None:
        data.x = torch.as_tensor(np.asarray(x.toarray() if hasattr(x, "toarray") else x))
    if y is not None:
        data.y = torch.as_tensor(np.asarray(y))
    if node_id is not None:
        data.node_id = np.asarray(node_id)
    return data


def save_graph(data: Data, path: str | Path) -> None:
    """Write ``data`` to an ``.npz`` for ``dataset=custom dataset.path=...``, atomically.

    Raises:
        DataError: the graph is not valid, or ``path`` does not end in ``.npz``.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise DataError(f"{path} must end in .npz")
    supplied = isinstance(data, Data) and data.get("x") is None  # by a transform, later
    ids = data.get("node_id") if isinstance(data, Data) else None
    dataset = node_dataset(path.stem, data, [Constant()] if supplied else [], node_ids=ids)
    arrays = {
        "x": None if supplied else dataset.graph.x,
        "num_nodes": dataset.graph.num_nodes if supplied else None,
        "edge_index": dataset.graph.edge_index,
        "edge_weight": dataset.graph.edge_weight,
        "y": dataset.y if dataset.num_classes else None,
        **{key: getattr(dataset, key) for key in MASKS},
        "node_id": dataset.node_ids,
        "pos": data.get("pos"),
    }
    given: dict[str, Any] = {k: np.asarray(v) for k, v in arrays.items() if v is not None}
    with replacing(path) as file:
        np.savez(file, **given)


def _of(values: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in values:
        raise DataError(f"{where} has no attribute {key!r}; it has {', '.join(values) or 'none'}")
    return values[key]
