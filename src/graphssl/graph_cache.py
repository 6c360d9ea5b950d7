"""Remember what was computed of a graph, or of a view, for as long as it lives."""

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

    Results go when their owner goes, so ``compute`` must return nothing that holds it.
    """
    cache: WeakKeyDictionary[Owner, dict[Hashable, T]] = WeakKeyDictionary()

    @wraps(compute)
    def cached(owner: Owner, *args: *Args) -> T:
        results = cache.setdefault(owner, {})
        if args not in results:
            results[args] = compute(owner, *args)
        return results[args]

    return cached
