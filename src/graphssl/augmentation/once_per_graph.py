"""Remember what was computed of a graph for as long as the graph lives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from graphssl.graph import Graph

T = TypeVar("T")
Args = TypeVarTuple("Args")


def once_per_graph(compute: Callable[[Graph, *Args], T]) -> Callable[[Graph, *Args], T]:
    """Cache ``compute(graph, *args)`` by the graph's identity and the values of ``args``.

    Results go when their graph goes, so ``compute`` must return nothing that holds the graph.
    """
    cache: WeakKeyDictionary[Graph, dict[Hashable, T]] = WeakKeyDictionary()

    @wraps(compute)
    def cached(graph: Graph, *args: *Args) -> T:
        results = cache.setdefault(graph, {})
        if args not in results:
            results[args] = compute(graph, *args)
        return results[args]

    return cached
