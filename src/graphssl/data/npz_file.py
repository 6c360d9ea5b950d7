"""Read the arrays of an npz archive without pickle and without trusting their headers."""

from __future__ import annotations

import math
from collections.abc import Collection
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[Any]

# Largest number of bytes to which one deflated byte can expand (zlib's technical details).
_LARGEST_RATIO = 1032


def read_npz(path: Path, wanted: Collection[str] | None = None) -> dict[str, AnyArray | None]:
    """Read the arrays of ``path`` by key, in native byte order; None for keys not in ``wanted``.

    Raises:
        TypeError: an array contains neither numbers nor strings.
        ValueError: the archive or an array does not match its header.
    """
    with ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if len(members) < len(archive.infolist()):
            raise ValueError("it contains a key twice")
        return {
            key: _read(archive, info, key) if wanted is None or key in wanted else None
            for key, info in members.items()
        }


def _read(archive: ZipFile, info: ZipInfo, key: str) -> AnyArray:
    # NumPy allocates what the header claims before it reads, so the claims are checked first.
    largest = _LARGEST_RATIO * info.compress_size
    if info.compress_type == ZIP_DEFLATED and info.file_size > largest:
        raise ValueError(f"{key} claims {info.file_size} bytes from {info.compress_size}")
    with archive.open(info) as file:
        shape, dtype = _header(file, key)
        held = info.file_size - file.tell()
    if dtype.kind not in "biufUS":
        kind = "Python objects" if dtype.hasobject else str(dtype)
        hint = "; of a sparse matrix save its toarray()" if dtype.hasobject else ""
        raise TypeError(f"{key} is an array of {kind}, not of numbers{hint}")
    if (claimed := math.prod(shape) * dtype.itemsize) != held:
        raise ValueError(
            f"{key} claims {claimed} bytes with shape {shape}, but the file has {held}"
        )
    with archive.open(info) as file:
        array: AnyArray = np.lib.format.read_array(file, allow_pickle=False)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return array.astype("f8")  # torch has no longer floats
    return array.astype(array.dtype.newbyteorder("="), order="C", copy=False)


def _header(file: IO[bytes], key: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read the shape and type that the header of a ``.npy`` file claims."""
    try:
        version = np.lib.format.read_magic(file)
        # versions 2 and 3 differ in the encoding of field names, which plain arrays do not have
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    except ValueError as error:
        raise ValueError(f"{key} is not an array: {error}") from error
    if min(shape, default=0) < 0:
        raise ValueError(f"{key} claims the shape {shape}")
    return shape, dtype
