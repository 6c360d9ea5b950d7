from pathlib import Path

import pytest
from tests.wording import places


@pytest.mark.parametrize(
    "line",
    [
        "One row a run.",
        "one entry a split, seconds a step",
        "a panel a layer",
        "an encoder of the user's own",
        "a graph of your own",
        "printed beside the penalty",
        "what is said on the command line",
        "the record says which was used",
        "graph not to be had",
        "the number of those that could not be had",
        "they cannot be told from rounding",
        "1 threads",
        "written whole or not at all",
        "both are put back afterwards",
        "going on from step 5",
        "draw all weights anew",
        "None where nobody knows",
        "an error that users can mend",
        "labels had a part in training",
        "keys that are passed over",
        "what the last look looked at",
        "the rows come again",
        "encoder X is no torch.nn.Module",
        "run what is left",
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
        "Failing to pass a value",
        "each room has a file of its own",
        "## How to read them",
        "besides the penalty",
        "1 thread, 11 threads",
        "there is no folder; it is no longer needed",
        "look at the figure",
        "one pass over edges",
    ],
)
def test_plain_english_is_left_alone(line):
    assert not list(places(Path("a.md"), line))


def test_a_module_docstring_names_its_subject():
    assert list(places(Path("a.py"), '"""Where the rows lie."""\n'))
    assert not list(places(Path("a.py"), '"""Angles between rows."""\n'))


@pytest.mark.parametrize(
    ("first", "decorator", "found"),
    [
        ("The rank of ``z``.", "", True),
        ("Whether ``z`` collapsed.", "", True),
        ("Compute the rank of ``z``.", "", False),
        ("The rank of ``z``.", "@property\n", False),
    ],
)
def test_a_function_docstring_begins_with_an_imperative(first, decorator, found):
    source = f'{decorator}def rank(z):\n    """{first}"""\n'
    assert bool(list(places(Path("a.py"), source))) == found
