"""Find phrases in sources, configuration and pages that have a plainer form.

``python -m tests.wording`` prints one line per place and exits with 1 if there is any. codespell
checks spelling; this checks the house style (CONTRIBUTING.md, Style).
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
    ".github/**/*.yml", "Makefile", "pyproject.toml", "constraints.txt",
)  # fmt: skip

_COUNTED = (
    "entry|row|line|folder|file|number|tensor|product|job|image|process|value|object|scalar|score|"
    "matrix|table|one|once|twice|time|second|product|slope|seed|split|step|call|sum|pass|panel"
)
_PER = (
    "run|split|graph|node|view|column|layer|step|row|seed|cell|head|class|value|line|edge|protocol|"
    "million|core|thread|second|job|side|title|id"
)
# pattern -> what to write instead
PHRASES: dict[str, str] = {
    rf"(?<!to )\b(?:{_COUNTED})(?:s|es)? an? (?:{_PER})\b": "per, as in 'one row per run'",
    r"\b(?:user's|one's|your) own\b": "custom, user-defined",
    r"\bbeside\b": "next to, with, besides, compared with",
    r"\b(?:is|are|was|were|be|been) said\b": "is given, is set, is named",
    r"\b(?:says|saying|said) (?:so|which|what|how|where|whether|if|of|none|nothing)\b": (
        "name, give, set, report, record"
    ),
    r"\b(?:could|can|cannot|to|be) (?:not )?(?:be )?had\b": "is available, is possible",
    r"\btells? of\b|\btold\b": "report, show; given; (not) distinguishable",
    r"\bevery so many\b": "every <name> steps",
    r"\b1 (?:jobs|threads|classes|splits|runs|steps|seeds|rows|nodes|matrices|GPUs)\b": "1 job",
    r"\bneeds? no more\b|\bno more is\b": "say what is enough",
    r"\bwhole or not at all\b": "atomically",
    r"\bput(?:s|ting)?(?: all| both| it| them| that)? back\b": "restore",
    r"\b(?:goes|go|going|went) on\b": "resume, continue",
    r"\banew\b": "again, afresh; reinitialise",
    r"\b(?:nobody|somebody)\b": "say who, or use the passive",
    r"\bmend(?:s|ed|ing)?\b": "fix",
    r"\b(?:ha(?:s|ve|d)|with) (?:a|no) part in\b": "is (not) used in, is (not) part of",
    r"\bpassed over\b|\bpass(?:es)? (?:it|them) over\b": "skip, ignore",
    r"\blook(?:s|ed) at\b": "measure, read, check",
    r"\b(?:comes?|came) again\b": "is repeated",
    r"(?<!here )\bis no (?!longer|better|more|evidence)[a-z]+\b": "is not a",
    r"# whatever\b": "name the cause, or 'may raise anything'",
    r"\bwhat is (?:there|left|missing|finished)\b": "name it: remaining runs, existing files",
    r"^#+ (?:What|Where|Which|Whether|How (?!to\b))": "a heading that names its subject",
}
_COMPILED = {re.compile(pattern): advice for pattern, advice in PHRASES.items()}
_CLAUSE = re.compile(r"(?:What|How|Where|Which|Whether|Why)\b")
_NOUN = re.compile(r"(?:What|How|Where|Which|Whether|Why|The|That|Those|An?|One|Every|All)\b")
_PROPERTY = {"property", "cached_property"}


def places(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, phrase and advice for each place in ``text``."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, advice in _COMPILED.items():
            for found in pattern.finditer(line):
                yield number, found[0], advice
    if path.suffix == ".py":
        yield from _docstrings(ast.parse(text))


def _docstrings(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Check that modules name their subject, and that functions begin with an imperative."""
    title = ast.get_docstring(tree) or ""
    if _CLAUSE.match(title):
        yield 1, title.splitlines()[0], "a docstring that names its subject"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = (ast.get_docstring(node) or "").partition("\n")[0]
            names = {name.id for name in node.decorator_list if isinstance(name, ast.Name)}
            if _NOUN.match(first) and not names & _PROPERTY:
                yield node.lineno, first, "an imperative, as in 'Compute the effective rank'"


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
