"""Write files atomically: either the whole file or nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Suffix of a file that is not yet complete.
PARTIAL = ".partial"


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that replaces ``path`` when the block ends without an error.

    The file is written next to ``path`` under a unique hidden name, flushed to disk (fsync) and
    renamed; then the folder's entry is flushed too. A reader sees either the old file or the new
    one, whatever interrupts the writer; if several processes write, the last one to finish wins.
    After an error the old file is unchanged and the partial file is removed; a killed writer leaves
    its partial file.

    Args:
        path: the file to replace or create, in an existing folder.

    Yields:
        The open file, in binary mode.

    Raises:
        OSError: the file cannot be written; the error's ``filename`` names it.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "numbers.txt"
        >>> with replacing(path) as file:
        ...     _ = file.write(b"1 2 3")
        >>> path.read_text()
        '1 2 3'
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
    with naming(path, instead_of=partial):
        try:
            with partial.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        sync(path.parent)


def replace_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write ``content`` to ``path``, atomically."""
    with replacing(path) as file:
        file.write(content)


def replace_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically."""
    replace_bytes(path, text.encode())


@contextmanager
def naming(path: Path, instead_of: Path | None = None) -> Iterator[None]:
    """Set ``path`` as the file name of an ``OSError`` without one, such as that of a full disk.

    Or of one about the file ``instead_of``, which means nothing to a reader.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None or str(error.filename) == str(instead_of):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
