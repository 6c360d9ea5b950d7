"""Products with a constant sparse matrix, differentiable in the dense factor only."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

# torch says this once a process, of every CSR tensor; what we use of it is tested.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")


@dataclass(frozen=True, eq=False)
class Pattern:
    """Where the entries of a sparse (rows x cols) matrix lie, in compressed-row order.

    Attributes:
        size: (rows, cols).
        crow: (rows + 1,) int64, row pointers.
        col: (nnz,) int64, column of each entry.
        order: (nnz,) int64; entry k in compressed-row order is entry ``order[k]`` as given. None
            where they were given in that order.
    """

    size: tuple[int, int]
    crow: Tensor
    col: Tensor
    order: Tensor | None = None

    @staticmethod
    def of(row: Tensor, col: Tensor, size: tuple[int, int]) -> Pattern:
        """The pattern of entries given as coordinates, duplicates kept (they add up)."""
        order = torch.argsort(row, stable=True)
        return replace(Pattern.of_sorted(row, col[order], size), order=order)

    @staticmethod
    def of_sorted(row: Tensor, col: Tensor, size: tuple[int, int]) -> Pattern:
        """The same of entries that stand in the order of their rows; ``row`` is only counted."""
        counts = torch.bincount(row, minlength=size[0])
        return Pattern(size, torch.cat([counts.new_zeros(1), counts.cumsum(0)]), col)

    def matrix(self, values: Tensor) -> Tensor:
        """The sparse CSR tensor with ``values`` (nnz,), given in the original order."""
        if self.order is not None:
            values = values.index_select(0, self.order)
        return torch.sparse_csr_tensor(
            self.crow, self.col, values, self.size, check_invariants=False
        )


@dataclass(frozen=True, eq=False)
class SparseMatrix:
    """A constant sparse matrix together with its transpose, which the gradient needs."""

    forward: Tensor
    transposed: Tensor

    def __matmul__(self, dense: Tensor) -> Tensor:
        """(rows, cols) @ (cols, D) -> (rows, D)."""
        product: Tensor = _ConstantProduct.apply(dense, self)
        return product

    def columns(self, mask: Tensor) -> SparseMatrix:
        """The same with nothing in the columns where ``mask`` (cols,) is False."""
        rows_of_transposed = mask.repeat_interleave(self.transposed.crow_indices().diff())
        return SparseMatrix(
            _entries_kept(self.forward, mask.index_select(0, self.forward.col_indices())),
            _entries_kept(self.transposed, rows_of_transposed),
        )


def _entries_kept(matrix: Tensor, keep: Tensor) -> Tensor:
    """A CSR matrix without the entries where ``keep`` (nnz,) is False."""
    crow, kept = matrix.crow_indices(), keep.nonzero().flatten()
    before = torch.cat([crow.new_zeros(1), keep.cumsum(0)])
    return torch.sparse_csr_tensor(
        before.index_select(0, crow),
        matrix.col_indices().index_select(0, kept),
        matrix.values().index_select(0, kept),
        matrix.shape,
        check_invariants=False,
    )


class _ConstantProduct(torch.autograd.Function):
    """``A @ H`` with gradient ``A^T @ G`` in H and none in A."""

    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: SparseMatrix) -> Tensor:
        ctx.matrix = matrix
        return multiply(matrix.forward, dense)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return multiply(ctx.matrix.transposed, grad), None


def multiply(matrix: Tensor, dense: Tensor) -> Tensor:
    """``matrix @ dense`` of a sparse CSR and a dense matrix, outside autograd."""
    # The product with a reduction is native and the fastest on CPU; it exists there only.
    dense = dense.to(matrix.dtype).contiguous()  # under autocast what comes in is bfloat16
    product: Tensor
    if matrix.device.type == "cpu":
        product = torch.sparse.mm(matrix, dense, "sum")
    else:
        with torch.autocast(dense.device.type, enabled=False):
            product = matrix @ dense
    return product
