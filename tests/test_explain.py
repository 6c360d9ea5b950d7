"""No error is an empty line, and one that nobody expects is named by its class."""

from __future__ import annotations

import json

import pytest

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.messages import describe
from graphssl.errors import ConfigError, DataError
from graphssl.results.failure import write_failure


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DataError("x is\nwrong"), "x is wrong"),
        (KeyError("node"), "KeyError: 'node'"),
        (RuntimeError("no memory\nmore"), "RuntimeError: no memory"),
    ],
)
def test_an_error_in_one_line(error, line):
    assert describe(raised(error), []) == line


@pytest.mark.parametrize("error", [AssertionError(), ConfigError(), ValueError(" \n")])
def test_an_error_without_words_says_what_and_where(error, tmp_path):
    expected = f"{type(error).__name__} without a message, raised in test_explain.py:"
    assert describe(raised(error), []).startswith(expected)
    write_failure(tmp_path / "failed.json", raised(error), [])
    content = json.loads((tmp_path / "failed.json").read_text())
    assert content["message"].startswith(expected)


def test_a_constructor_that_fails_without_words_is_named(tmp_path, monkeypatch):
    (tmp_path / "wordless.py").write_text("def transform():\n    assert False\n")
    monkeypatch.syspath_prepend(tmp_path)
    config, *_ = compose(["dataset.transforms=[{_target_: wordless.transform}]"])
    with pytest.raises(ConfigError, match=r"wordless\.transform.*AssertionError"):
        build.dataset(config)
