"""Every code block of the pages is run as printed, or composed where it is marked as long."""

from __future__ import annotations

import ast
import importlib
import os
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from tests.docs.compose_only import check
from tests.docs.follow import follow
from tests.docs.pages import ROOT, Block, all_pages, blocks, commands
from tests.forked import forked, preload

PAGES = {
    path.relative_to(ROOT).as_posix(): blocks(path.read_text(encoding="utf-8"))
    for path in all_pages()
    if path.exists()
}
RUN = [p for p, found in PAGES.items() if any(not b.mark.startswith("long") for b in found)]


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported():
    preload()


# Ten seconds or more each: the front page alone is in the fast suite.
_FOLLOWED = [pytest.param(p, marks=() if p == "README.md" else pytest.mark.slow) for p in RUN]


@pytest.mark.parametrize("page", _FOLLOWED)
def test_a_page_can_be_followed(page, tmp_path):
    folder, logs = tmp_path / "reader", tmp_path / "logs"
    folder.mkdir(), logs.mkdir()

    def reader():
        os.chdir(folder)
        follow(PAGES[page], logs)

    code, _, err = forked(reader, logs / "page")
    assert code == 0, f"{page}: {err}"


def _long_commands():
    for page, found in PAGES.items():
        for block in found:
            if block.mark.startswith("long") and block.language == "bash":
                yield from (pytest.param(page, c, id=f"{page}:{c}") for c in commands(block.text))


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), list(_long_commands()))
def test_a_long_command_would_start(page, command, tmp_path):
    write_files(PAGES[page], tmp_path)
    check(command, tmp_path)


def write_files(found: list[Block], folder: Path) -> None:
    for block in found:
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text.partition("\n")[2], encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_names_its_language_and_parses(page):
    for block in PAGES[page]:
        where = f"{page}, line {block.line}"
        assert block.language in ("bash", "python", "yaml", "text", "bibtex"), where
        if block.language == "python":
            check_imports(block.text)
        if block.language == "yaml":
            OmegaConf.create(block.text)


def check_imports(code: str) -> None:
    """Code that is not run still imports what exists."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("graphssl"):
            module = importlib.import_module(node.module or "")
            assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


@pytest.mark.parametrize(
    "command",
    [
        "graphssl dataset=koala",
        "graphssl -m dataset=cora,koala",
        "graphssl -m trainer.steps=3 trainer.step=3,4",
        "graphssl dataset=cora --steps 3",
        "graphssl-report runs --tables main",
        "graphssl-report runs --table mein",
        "make table-mein",
        "make table-main PROFILE=cup",
        "make table-main ARGS=trainer.step=3",
        "python -m benchmarks.stepp",
        'pip install "graphssl-werank[sweep]"',
        "curl example.org",
    ],
)
def test_a_typo_in_a_long_command_is_noticed(command, tmp_path):
    with pytest.raises(Exception, match=r".+"):
        check(command, tmp_path)


def test_blocks_are_found_with_their_marks():
    text = (
        "a\n\n<!-- long: hours -->\n```bash\nx \\\n  y\n```\n\n    graphssl seed=1\n\n"
        "```python\n# a.py\n```\n"
    )
    first, second, third = blocks(text)
    assert (first.mark, commands(first.text)) == ("long: hours", ["x    y"])
    assert (second.language, second.mark) == ("bash", "long: indented")
    assert (third.file, third.mark) == ("a.py", "")


def test_a_block_that_fails_fails_its_page(tmp_path):
    for text in ("```python\n1 / 0\n```\n", "```bash\ngraphssl dataset=koala\n```\n"):
        code, _, _ = forked(lambda text=text: follow(blocks(text), tmp_path), tmp_path / "page")
        assert code == 1
