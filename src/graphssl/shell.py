"""Text that goes to a shell: commands to paste, output that may be closed early."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


def join(words: Iterable[str]) -> str:
    r"""Write ``words`` as one line that bash and zsh read back as these words.

    Example:
        >>> join(["graphssl", "encoder.channels=[64,32]", "+tags.note=two\nlines"])
        "graphssl 'encoder.channels=[64,32]' $'+tags.note=two\\nlines'"
    """
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    if not word.isprintable():
        return f"$'{''.join(map(_escaped, word))}'"
    # zsh reads a word that begins with = as the path of a command.
    return f"'{word}'" if word.startswith("=") and word == shlex.quote(word) else shlex.quote(word)


def _escaped(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    return "\\n" if char == "\n" else f"\\U{ord(char):08x}"


@contextmanager
def until_closed() -> Iterator[None]:
    """End the program without a traceback when whoever reads its output stops, as ``head`` does."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
