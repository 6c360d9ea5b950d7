"""Checksums of raw files, verified before PyG reads or unpickles the files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from graphssl.errors import DataError


class UnknownUntilLoadedError(Exception):
    """A dataset's fingerprint is unknown before its files are fetched."""


def sha256(path: Path) -> str:
    """Compute the sha256 of the file's bytes, in hexadecimal; once per process and file.

    A file that was written, replaced or moved since is read again.
    """
    status = path.stat()
    state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return _sha256(path, state)


@lru_cache(maxsize=4096)
def _sha256(path: Path, state: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_id(path: Path) -> str:
    """Compute git's id of the file: sha1 over ``blob <size>``, a zero byte and the file's bytes."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@dataclass(frozen=True)
class Checksums:
    """Known checksums of a dataset's raw files, and the policy for files that match none.

    Attributes:
        known: file name -> sha256 (64 digits) or git blob ids (40 digits), any of which may match.
        pickle: whether PyG unpickles these files; a pickle can run arbitrary code.
        trust: whether to read a pickle that matches no checksum.
    """

    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    pickle: bool = True
    trust: bool = False

    def strangers(self, files: Sequence[Path]) -> list[str]:
        """List the names of the ``files`` that match no known checksum.

        Raises:
            DataError: there is such a file, the files are pickles, and ``trust`` is not set.
        """
        strange = [file for file in files if not self.matches(file)]
        if strange and self.pickle and not self.trust:
            raise DataError(
                f"{strange[0]} matches no known checksum (sha256 {sha256(strange[0])}) and is a "
                "pickle, which can run arbitrary code when read: put the published file there, "
                "or set dataset.trust=true"
            )
        return [file.name for file in strange]

    def matches(self, file: Path) -> bool:
        """Return whether the file has one of the checksums known for its name."""
        known = self.known.get(file.name, ())
        return sha256(file) in known or git_blob_id(file) in known


def fingerprint(files: Sequence[Path], *context: object) -> str:
    """Hash the files' bytes and the ``context`` in which they are read to twelve digits."""
    parts = [sha256(file) for file in files] + [repr(item) for item in context]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
