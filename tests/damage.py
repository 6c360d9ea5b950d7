"""Ways in which a file is damaged, each a function of its path."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path


def _rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(change(path.read_bytes())) and None


def _flipped(share: float) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        at = int(share * (len(content) - 1))
        return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]

    return flip


def _as_folder(path: Path) -> None:
    path.unlink()
    (path / "inside").mkdir(parents=True)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty": _rewrite(lambda content: b""),
    "first half": _rewrite(lambda content: content[: len(content) // 2]),
    "without its last bytes": _rewrite(lambda content: content[:-3]),
    "first bytes": _rewrite(lambda content: content[:20]),
    "second half": _rewrite(lambda content: content[len(content) // 2 :]),
    "flipped at the start": _rewrite(_flipped(0.0)),
    "flipped early": _rewrite(_flipped(0.1)),
    "flipped in the middle": _rewrite(_flipped(0.5)),
    "flipped late": _rewrite(_flipped(0.9)),
    "flipped at the end": _rewrite(_flipped(1.0)),
    "zeros": _rewrite(lambda content: bytes(len(content))),
    "noise": _rewrite(lambda content: random.Random(0).randbytes(len(content))),
    "a hole of zeros": _rewrite(
        lambda content: content[: len(content) // 3] + bytes(64) + content[len(content) // 3 + 64 :]
    ),
    "more at the end": _rewrite(lambda content: content + b"\x00more\xff\n"),
    "twice": _rewrite(lambda content: content + content),
    "text": _rewrite(lambda content: b"not what it was\n"),
    "a list": _rewrite(lambda content: b"[]\n"),
    "null": _rewrite(lambda content: b"null\n"),
    "an empty object": _rewrite(lambda content: b"{}\n"),
    "deeply nested": _rewrite(lambda content: b"[" * 100_000 + b"\n"),
    "a folder": _as_folder,
}
# An archive with these holds the same numbers, and may be read.
HARMLESS = ("more at the end", "twice", "flipped at the end")


def remove(path: Path) -> None:
    """Delete a file or a folder, as a person would who follows the message."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()
