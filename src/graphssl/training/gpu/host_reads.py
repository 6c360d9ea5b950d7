"""What in a training step cannot be recorded once and replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

# Their result, or its shape, is known only once the data is, so a GPU has to finish first.
_READS = {
    "_local_scalar_dense", "is_nonzero", "equal", "nonzero", "argwhere", "masked_select",
    "_unique", "_unique2", "unique_dim", "unique_consecutive", "bincount", "repeat_interleave",
    "_coalesce", "_validate_sparse_coo_tensor_args", "_validate_sparse_csr_tensor_args",
    "_validate_compressed_sparse_indices", "to_sparse", "_to_sparse", "_to_sparse_csr",
}  # fmt: skip


class HostReads(TorchDispatchMode):
    """Notes every operation, backward's too, that waits for data or makes a shape of it.

    ``.item()``, ``nonzero``, an index by a boolean mask, a copy from one kind of device to another
    and their like. A step without any has static shapes and never makes a GPU wait.

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
        """Run ``func``; note it if it is one of those."""
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
