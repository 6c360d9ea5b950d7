"""Find operations that make a training step unfit for a CUDA graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# The host needs the result of these, or its shape, which depends on data: it waits for the GPU.
_READS = {
    "_local_scalar_dense", "is_nonzero", "equal", "nonzero", "argwhere", "masked_select",
    "_unique", "_unique2", "unique_dim", "unique_consecutive", "bincount", "repeat_interleave",
    "_coalesce", "_validate_sparse_coo_tensor_args", "_validate_sparse_csr_tensor_args",
    "_validate_compressed_sparse_indices", "to_sparse", "_to_sparse", "_to_sparse_csr",
}  # fmt: skip


class HostReads(TorchDispatchMode):
    """Record every operation, in the backward pass too, that waits for data or has a dynamic shape.

    Examples are ``.item()``, ``nonzero``, indexing by a boolean mask and copies between a CPU and a
    GPU. A step without any has static shapes and never synchronises with the host.

    Attributes:
        found: names of the operations, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run ``func``; record its name if it is such an operation."""
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        if name in _READS:
            self.found.append(name)
        elif name in ("index", "index_put", "index_put_", "_index_put_impl_"):
            if any(i is not None and i.dtype in (torch.bool, torch.uint8) for i in args[1]):
                self.found.append(f"{name} with a boolean mask")
        elif name in ("_to_copy", "copy_") and _crosses(args, kwargs):
            self.found.append(f"{name} between devices")
        return func(*args, **kwargs)


def _crosses(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    kinds = {a.device.type for a in args if isinstance(a, Tensor)}
    if kwargs.get("device") is not None:
        kinds.add(torch.device(kwargs["device"]).type)
    return len(kinds) > 1
