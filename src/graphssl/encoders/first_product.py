"""The first layer's ``X W`` on a masked view, through a sparse X where few features are set."""

from __future__ import annotations

from torch import Tensor

from graphssl.augmentation.once_per_graph import once_per_graph
from graphssl.encoders.sparse import Pattern, SparseMatrix
from graphssl.graph import Graph, GraphView

# A sparse first product pays twofold here and breaks even near 0.2 (docs/performance.md).
SPARSE_DENSITY = 0.1


def first_product(view: GraphView, weight: Tensor) -> Tensor:
    """``(X * mask) W`` with W = ``weight.T`` given as (D, F): (N, F) -> (N, D).

    A hidden feature dimension is a zero row of W, so X is never copied. No gradient in X.
    """
    if view.feature_mask is not None:
        weight = weight * view.feature_mask
    features = _sparse_features(view.graph)
    return view.graph.x @ weight.t() if features is None else features @ weight.t()


@once_per_graph
def _sparse_features(graph: Graph) -> SparseMatrix | None:
    x = graph.x
    if x.count_nonzero() > SPARSE_DENSITY * x.numel():
        return None
    row, col = x.nonzero(as_tuple=True)
    values = x[row, col]
    size = (x.size(0), x.size(1))
    return SparseMatrix(
        forward=Pattern.of(row, col, size).matrix(values),
        transposed=Pattern.of(col, row, (size[1], size[0])).matrix(values),
    )
