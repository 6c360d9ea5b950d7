"""Products with a constant sparse matrix, differentiable in the dense factor only."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

# torch warns once per process about CSR tensors; the operations used here are tested.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")


@dataclass(frozen=True, eq=False)
class Pattern:
    """Positions of the entries of a sparse (rows x cols) matrix, in compressed-row order.

    Attributes:
        size: (rows, cols).
        crow: (rows + 1,) int64, row pointers.
        col: (nnz,) int64, column of each entry.
        order: (nnz,) int64; entry k in compressed-row order is entry ``order[k]`` as given. None
            if they were given in that order.
    """

    size: tuple[int, int]
    crow: Tensor
    col: Tensor
    order: Tensor | None = None

    @staticmethod
    def of(row: Tensor, col: Tensor, size: tuple[int, int]) -> Pattern:
        """Make the pattern of entries given as coordinates; duplicates are kept (they add up)."""
        order = torch.argsort(row, stable=True)
        return replace(Pattern.of_sorted(row, col[order], size), order=order)

    @staticmethod
    def of_sorted(row: Tensor, col: Tensor, size: tuple[int, int]) -> Pattern:
        """Make the pattern of entries sorted by row; ``row`` is only counted."""
        counts = torch.bincount(row, minlength=size[0])  # (rows,)
        return Pattern(size, torch.cat([counts.new_zeros(1), counts.cumsum(0)]), col)

    def only(self, keep: Tensor) -> Pattern:
        """Keep the entries where ``keep`` (nnz,), in the original order, is True."""
        inside = keep if self.order is None else keep.index_select(0, self.order)
        kept = inside.nonzero().flatten()  # (nnz',)
        before = torch.cat([self.crow.new_zeros(1), inside.cumsum(0)])  # (nnz + 1,)
        order = kept if self.order is None else self.order.index_select(0, kept)
        crow, col = before.index_select(0, self.crow), self.col.index_select(0, kept)
        return Pattern(self.size, crow, col, order)

    def matrix(self, values: Tensor) -> Tensor:
        """Make the sparse CSR tensor with ``values`` (nnz,), given in the original order."""
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
        """Multiply: (rows, cols) @ (cols, D) -> (rows, D)."""
        product: Tensor = _ConstantProduct.apply(dense, self)
        return product


@dataclass(frozen=True, eq=False)
class BothWays:
    """The patterns of a matrix and of its transpose, made from the same entries."""

    forward: Pattern
    transposed: Pattern

    @staticmethod
    def of(row: Tensor, col: Tensor, size: tuple[int, int]) -> BothWays:
        """Make both patterns of entries given as coordinates; duplicates are kept (they add up)."""
        return BothWays(Pattern.of(row, col, size), Pattern.of(col, row, (size[1], size[0])))

    def only(self, keep: Tensor) -> BothWays:
        """Keep the entries where ``keep`` (nnz,) is True."""
        return BothWays(self.forward.only(keep), self.transposed.only(keep))

    def matrix(self, values: Tensor) -> SparseMatrix:
        """Make the matrix with ``values`` (nnz,), in the original order, even after ``only``."""
        return SparseMatrix(self.forward.matrix(values), self.transposed.matrix(values))


class _ConstantProduct(torch.autograd.Function):
    """The product ``A @ H`` with gradient ``A^T @ G`` in H and none in A."""

    @staticmethod
    def forward(ctx: Any, dense: Tensor, matrix: SparseMatrix) -> Tensor:
        ctx.matrix = matrix
        return multiply(matrix.forward, dense)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return multiply(ctx.matrix.transposed, grad), None


def multiply(matrix: Tensor, dense: Tensor) -> Tensor:
    """Compute ``matrix @ dense`` of a sparse CSR and a dense matrix, outside autograd."""
    # The product with a reduction is the fastest on a CPU, and exists only there.
    dense = dense.to(matrix.dtype).contiguous()  # under autocast the input is bfloat16
    product: Tensor
    if matrix.device.type == "cpu":
        product = torch.sparse.mm(matrix, dense, "sum")
    else:
        with torch.autocast(dense.device.type, enabled=False):
            product = matrix @ dense
    return product
