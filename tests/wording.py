"""Names the places in sources, configuration and pages whose English is not the house's.

``python -m tests.wording`` prints one line per place and exits with 1 if there is any. Spelling is
codespell's part; this is the list of phrases that have a plainer form (CONTRIBUTING.md, Style).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
GLOBS = (
    "src/**/*.py", "benchmarks/*.py", "conf/**/*.yaml", "docs/**/*.md", "notebooks/*.ipynb", "*.md",
    "Makefile", "pyproject.toml", "constraints.txt",
)  # fmt: skip

_COUNTED = (
    "entry|row|line|folder|file|number|tensor|product|job|image|process|value|object|scalar|score|"
    "matrix|table|one|once|twice|time|second|product|slope|seed|split|step|call|sum|pass"
)
_PER = (
    "run|split|graph|node|view|column|layer|step|row|seed|cell|head|class|value|line|edge|protocol|"
    "million|core|thread|second|job|side"
)
# pattern -> what to write
PHRASES: dict[str, str] = {
    rf"\b(?:{_COUNTED})(?:s|es)? an? (?:{_PER})\b": "per, as in 'one row per run'",
    r"\b(?:user's|one's|your) own\b": "custom, user-defined",
    r"\bbeside\b": "next to, with, besides, compared with",
    r"\b(?:is|are|was|were|be|been) said\b": "is given, is set, is named",
    r"\b(?:says|saying|said) (?:so|which|what|how|where|whether|if|of|none|nothing)\b": (
        "name, give, set, report, record"
    ),
    r"\bto be had\b": "is available",
    r"\btells? of\b": "report, show",
    r"\bevery so many\b": "every <name> steps",
    r"\b1 (?:jobs|threads|classes|splits|runs|steps|seeds|rows|nodes|matrices)\b": "a singular",
    r"\bneeds? no more\b|\bno more is\b": "say what is enough",
    r"^#+ (?:What|Where|Which|Whether|How (?!to\b))": "a heading that names its subject",
}
_COMPILED = {re.compile(pattern): advice for pattern, advice in PHRASES.items()}
_CLAUSE = re.compile(r"(?:What|How|Where|Which|Whether|Why)\b")


def places(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, phrase and advice for each place in ``text``."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, advice in _COMPILED.items():
            for found in pattern.finditer(line):
                yield number, found[0], advice
    if path.suffix == ".py":
        title = ast.get_docstring(ast.parse(text)) or ""
        if _CLAUSE.match(title):
            yield 1, title.splitlines()[0], "a docstring that names its subject"


def main() -> int:
    """Print every place; return 1 if there is any."""
    files = sorted({path for glob in GLOBS for path in ROOT.glob(glob)})
    count = 0
    for path in files:
        if path.parent == ROOT / "docs" / "notebooks":  # made from notebooks/
            continue
        for number, phrase, advice in places(path, path.read_text(encoding="utf-8")):
            count += 1
            print(f"{path.relative_to(ROOT)}:{number}: {phrase!r}; write {advice}")
    print(f"wording: {count} places in {len(files)} files", file=sys.stderr)
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
