"""A cache for results computed from a graph or a view, kept for its lifetime."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from graphssl.graph import Graph, GraphView

T = TypeVar("T")
Owner = TypeVar("Owner", Graph, GraphView)
Args = TypeVarTuple("Args")


def once_per(compute: Callable[[Owner, *Args], T]) -> Callable[[Owner, *Args], T]:
    """Cache ``compute(owner, *args)`` by the owner's identity and the values of ``args``.

    A result is dropped together with its owner, so ``compute`` must not return anything that refers
    to the owner.

    Args:
        compute: a function of a graph or view and of further hashable arguments.

    Returns:
        The cached function.

    Example:
        >>> import torch
        >>> @once_per
        ... def in_degree(graph):
        ...     print("computed")
        ...     return graph.edge_index[1].bincount(minlength=graph.num_nodes)
        >>> graph = Graph(torch.ones(3, 2), torch.tensor([[0, 1], [1, 2]]))
        >>> in_degree(graph).tolist(), in_degree(graph).tolist()
        computed
        ([0, 1, 1], [0, 1, 1])
    """
    cache: WeakKeyDictionary[Owner, dict[Hashable, T]] = WeakKeyDictionary()

    @wraps(compute)
    def cached(owner: Owner, *args: *Args) -> T:
        results = cache.setdefault(owner, {})
        if args not in results:
            results[args] = compute(owner, *args)
        return results[args]

    return cached
