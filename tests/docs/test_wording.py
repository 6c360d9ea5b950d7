from pathlib import Path

import pytest
from tests.wording import places


@pytest.mark.parametrize(
    "line",
    [
        "One row a run.",
        "one entry a split, seconds a step",
        "an encoder of the user's own",
        "a graph of your own",
        "printed beside the penalty",
        "what is said on the command line",
        "the record says which was used",
        "graph not to be had",
        "1 threads",
        "## What is left of a sweep",
    ],
)
def test_a_phrase_of_the_list_is_found(line):
    assert next(iter(places(Path("a.md"), f"Fine.\n{line}\n")))[0] == 2


@pytest.mark.parametrize(
    "line",
    [
        "One row per run.",
        "a step of a run on a graph",
        "each room has a file of its own",
        "## How to read them",
        "besides the penalty",
        "1 thread, 11 threads",
    ],
)
def test_plain_english_is_left_alone(line):
    assert not list(places(Path("a.md"), line))


def test_a_module_docstring_names_its_subject():
    assert list(places(Path("a.py"), '"""Where the rows lie."""\n'))
    assert not list(places(Path("a.py"), '"""Angles between rows."""\n'))
