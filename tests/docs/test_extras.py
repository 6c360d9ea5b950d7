"""Every extra that an error or a page names exists."""

import re
import tomllib

import pytest
from tests.docs.pages import ROOT, all_pages

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = set(PROJECT["optional-dependencies"])
SOURCES = [*(ROOT / "src").rglob("*.py"), *all_pages()]


def named_in(text):
    pattern = rf"{PROJECT['name']}\[([\w,]+)\]"
    return {extra for found in re.findall(pattern, text) for extra in found.split(",")}


def test_extras_that_are_named_exist():
    named = {e for path in SOURCES for e in named_in(path.read_text(encoding="utf-8"))}
    assert {"sweeps", "ogb"} <= named <= EXTRAS


@pytest.mark.parametrize("logger", ["tensorboard", "wandb"])
def test_each_optional_logger_has_its_extra(logger):
    assert (ROOT / "conf" / "logger" / f"{logger}.yaml").exists()
    assert logger in EXTRAS
