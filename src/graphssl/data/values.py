"""Checks of single values of a graph; each error is one line that names the key and the value."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphssl.contracts import AnyArray
from graphssl.errors import DataError

log = logging.getLogger(__name__)

WHOLE = (
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
    torch.uint16, torch.uint32, torch.uint64,
)  # fmt: skip


def plain(name: str, key: str, value: Any) -> Tensor:
    """Return ``value`` as a dense, contiguous tensor of real numbers; a sparse ``x`` is converted.

    Raises:
        DataError: ``value`` is not a tensor, or not one of real numbers.
    """
    # torch's sparse layouts, or torch_sparse's SparseTensor, which is not a Tensor
    sparse = getattr(value, "layout", None) != torch.strided and hasattr(value, "to_dense")
    try:
        if key == "x" and sparse and not getattr(value, "is_nested", False):
            value = value.to_dense()
            log.info("%s: sparse features made dense", name)
        if not isinstance(value, Tensor):
            raise DataError(f"{name}: {key} is a {type(value).__name__}, not a tensor")
        if (kind := _not_plain(value)) is not None:
            raise DataError(f"{name}: {key} is {kind}")
        return value.detach().contiguous()
    except RuntimeError as error:
        shape = tuple(getattr(value, "shape", ()))
        reason = " ".join(str(error).split())[:120]
        raise DataError(
            f"{name}: {key} of shape {shape} cannot be laid out in memory ({reason})"
        ) from error


def _not_plain(value: Tensor) -> str | None:
    if value.is_nested:
        return "a nested tensor, not one of a single shape"
    if value.layout != torch.strided:
        return f"sparse ({value.layout}); save its to_dense()"
    if value.is_quantized:
        return f"{value.dtype}, quantized; save its dequantize()"
    if value.is_meta:
        return "on the device meta, which stores no values"
    if value.is_complex():
        return f"{value.dtype}, not real numbers"
    return None


def entry(key: str, index: Sequence[int]) -> str:
    """Format the name of an entry of the tensor ``key``.

    Example:
        >>> entry("x", (2, 1))
        'x[2, 1]'
    """
    return f"{key}[{', '.join(map(str, index))}]" if index else key


def finite(name: str, key: str, value: Tensor) -> Tensor:
    """Return ``value`` as float32, with every entry finite.

    Raises:
        DataError: an entry is not finite.
    """
    single = value.float()
    # a finite sum proves that every entry is finite, without the memory of a mask
    if not torch.isfinite(single.sum()) and len(strange := (~torch.isfinite(single)).nonzero()):
        index = tuple(strange[0].tolist())
        found = float(value[index].item())
        beyond = " in float32" if math.isfinite(found) else ""
        raise DataError(f"{name}: {entry(key, index)} = {found:g} is not finite{beyond}")
    return single


def booleans(name: str, key: str, value: Tensor) -> Tensor:
    """Return ``value`` as bool; numbers must be 0 or 1.

    Raises:
        DataError: an entry is neither 0 nor 1.
    """
    if value.dtype == torch.bool:
        return value
    number = value.double()
    if len(strange := ((number != 0) & (number != 1)).nonzero()):
        index = tuple(strange[0].tolist())
        raise DataError(
            f"{name}: {entry(key, index)} = {number[index]:g} is neither 0 nor 1; a mask has one "
            "boolean per node"
        )
    return number.bool()


def whole_numbers(name: str, key: str, value: Tensor) -> Tensor:
    """Return ``value`` as int64; floating-point numbers must be whole.

    Raises:
        DataError: an entry is not a whole number.
    """
    if not value.is_floating_point():
        return value.long()
    number = value.double()
    if len(strange := ((number != number.floor()) | number.isinf()).nonzero()):
        index = tuple(strange[0].tolist())
        raise DataError(f"{name}: {entry(key, index)} = {number[index]:g} is not a whole number")
    return number.long()


def unique_ids(name: str, ids: Any, num_nodes: int) -> AnyArray:
    """Return ``ids``, a tensor or a sequence, as an array (N,) of int64 or strings.

    Raises:
        DataError: the ids have another type or shape, or are not unique.
    """
    array = ids.numpy() if isinstance(ids, Tensor) else np.asarray(ids)
    if array.shape != (num_nodes,) or array.dtype.kind not in "iuUS":
        raise DataError(
            f"{name}: node_id is {array.dtype} of shape {array.shape}, not one whole number or "
            f"string for each of the {num_nodes} nodes"
        )
    values, counts = np.unique(array, return_counts=True)
    if len(values) < num_nodes:
        raise DataError(
            f"{name}: node_id contains {values[counts.argmax()]} {counts.max()} times, not once"
        )
    if array.dtype.kind in "US":
        return array.astype("U")
    if array.max() > np.iinfo(np.int64).max:
        raise DataError(f"{name}: node_id = {array.max()} is beyond int64; save strings")
    return array.astype(np.int64)
