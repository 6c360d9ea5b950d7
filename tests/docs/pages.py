"""Reads the code blocks of a Markdown page, with the marks that say how a test treats them.

A block is run as printed, in an empty folder per page, unless an HTML comment on the line above it,
which no reader sees, says otherwise:

    <!-- long: why -->    not run; its commands are composed, so that a typo is noticed
    <!-- error -->        its command must fail, with the text block below it as its last line
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PROGRAM = re.compile(r"    (graphssl(-report)?|make|python -m) ")
_FENCE = re.compile(r"^( *)(```+|:::+)(.*)$")  # indented in a list
_MARK = re.compile(r"^<!-- (long: .+|error) -->$")


@dataclass(frozen=True)
class Block:
    """A code block: its language, its text, the mark above it and the line it starts at."""

    language: str
    text: str
    mark: str
    line: int

    @property
    def file(self) -> str | None:
        """The file that the block is to be written to, named by its first line."""
        named = re.fullmatch(r"# (\S+\.(?:py|yaml))", self.text.partition("\n")[0])
        return named[1] if named else None


def all_pages() -> list[Path]:
    """Every page for readers; ``docs/notebooks`` is made from ``notebooks``."""
    found = [p for p in (ROOT / "docs").rglob("*.md") if p.parent.name != "notebooks"]
    return sorted([*found, ROOT / "README.md", ROOT / "CONTRIBUTING.md"])


def blocks(text: str) -> list[Block]:
    """Every fenced block of a page, and every indented one that holds commands (as long)."""
    found: list[Block] = []
    lines, number, above = text.splitlines(), 0, ""
    while number < len(lines):
        line = lines[number]
        if fence := _FENCE.match(line):
            end = next(
                (i for i in range(number + 1, len(lines)) if lines[i].strip() == fence[2]),
                len(lines),
            )
            indent, kind = len(fence[1]), fence[3].strip()
            body = "\n".join(part[indent:] for part in lines[number + 1 : end]) + "\n"
            if not kind.startswith("{"):  # else a directive of the site
                mark = _MARK.match(above)
                found.append(Block(kind, body, mark[1] if mark else "", number + 1))
            number, above = end + 1, ""
        elif _PROGRAM.match(line) and not above:
            end = number
            while end < len(lines) and lines[end].startswith("    "):
                end += 1
            body = "\n".join(part[4:] for part in lines[number:end]) + "\n"
            found.append(Block("bash", body, "long: indented", number + 1))
            number = end
        else:
            above, number = line.strip(), number + 1
    return found


def commands(text: str) -> list[str]:
    """The commands of a bash block, lines that end in a backslash joined."""
    joined = text.replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
