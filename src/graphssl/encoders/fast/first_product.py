"""The first layer's ``X W`` on masked views, with a sparse X if few features are nonzero."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graphssl.encoders.fast import shapes
from graphssl.encoders.fast.sparse import BothWays, SparseMatrix
from graphssl.graph import Graph, GraphView
from graphssl.graph_cache import once_per

# A sparse first product is twice as fast at this density and breaks even near 0.2
# (docs/performance.md).
SPARSE_DENSITY = 0.1


def first_product(view: GraphView, weight: Tensor) -> Tensor:
    """Compute ``(X * mask) W`` with W = ``weight.T`` given as (D, F): (N, F) -> (N, D).

    A hidden feature dimension is a zero row of W, so X is copied only for a mask with one value per
    entry. X gets no gradient.
    """
    if not view.hides_only:
        return view.x @ weight.t()
    if view.feature_mask is not None:
        weight = weight * view.feature_mask  # (D, F)
    features = sparse_features(view.graph)
    return (view.graph.x if features is None else features.whole) @ weight.t()


def first_products(view1: GraphView, view2: GraphView, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Compute ``first_product`` of two views of one graph, with their common part computed once.

    The feature dimensions are split into those that both views show and those that only one shows:
    ``X_v W = X_both W_both + X_own W_own``. Each dimension is multiplied once, and one that both
    hide never, in the gradient too.
    """
    if view1.feature_mask is None and view2.feature_mask is None:
        product = first_product(view1, weight)  # (N, D), the same for both
        return product, product
    if not shapes.may_follow_masks(view1.graph):  # a split would have data-dependent shapes
        return first_product(view1, weight), first_product(view2, weight)
    dense = weight.t().contiguous()  # (F, D), so that rows of W can be selected without a copy
    both, own1, own2 = (columns @ dense for columns in _split(view1, view2))  # (N, D) each
    return own1.add_(both), own2.add_(both)


@dataclass(frozen=True, eq=False)
class _SparseFeatures:
    """A sparse X.

    Attributes:
        pattern: positions of the nnz entries.
        values: value of each entry, (nnz,).
        col: column (feature) of each entry, (nnz,).
        whole: X, (N, F).
    """

    pattern: BothWays
    values: Tensor
    col: Tensor
    whole: SparseMatrix

    def columns(self, mask: Tensor) -> SparseMatrix:
        """Return X (N, F) without the entries of columns where ``mask`` (F,) is False."""
        return self.pattern.only(mask.index_select(0, self.col)).matrix(self.values)


@dataclass(frozen=True, eq=False)
class _Columns:
    """Some columns of a dense X.

    Attributes:
        x: a copy of the columns, (N, K).
        index: their indices, (K,).
    """

    x: Tensor
    index: Tensor

    def __matmul__(self, dense: Tensor) -> Tensor:
        """Multiply by the same rows of ``dense`` (F, D): (N, D)."""
        return self.x @ dense.index_select(0, self.index)  # (N, K) @ (K, D)


# Once per pair of views: both the online and the target encoder need it.
@once_per
def _split(view1: GraphView, view2: GraphView) -> list[_Columns | SparseMatrix]:
    """Split X by columns: shown by both views, by the first one only, by the second one only."""
    graph = view1.graph
    all_shown = torch.ones(graph.num_features, dtype=torch.bool)  # (F,), as the masks
    shown1, shown2 = (
        all_shown if view.feature_mask is None else view.feature_mask for view in (view1, view2)
    )
    features = sparse_features(graph)
    split: list[_Columns | SparseMatrix] = []
    for mask in (shown1 & shown2, shown1 & ~shown2, shown2 & ~shown1):
        if features is None:
            index = mask.nonzero().flatten()  # (K,)
            split.append(_Columns(graph.x.index_select(1, index), index))  # x is (N, K)
        else:
            split.append(features.columns(mask))
    return split


@once_per
def sparse_features(graph: Graph) -> _SparseFeatures | None:
    """Convert X to a sparse matrix; None if that does not pay off."""
    x = graph.x
    if x.count_nonzero() > SPARSE_DENSITY * x.numel():
        return None
    row, col = x.nonzero(as_tuple=True)  # (nnz,) each
    values, pattern = x[row, col], BothWays.of(row, col, (x.size(0), x.size(1)))
    return _SparseFeatures(pattern, values, col, pattern.matrix(values))
