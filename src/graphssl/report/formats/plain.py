"""One printable line of text from a record, before the escapes of a format."""

from __future__ import annotations


def plain(text: str) -> str:
    r"""Put ``text`` on one line of printable characters; others are shown as their escapes.

    Names come from files and command lines: a line break would end a comment, and a control
    character would reach the terminal.

    Example:
        >>> plain("two\nlines \x1b[31m")
        'two lines \\x1b[31m'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in " ".join(text.split())
    )
