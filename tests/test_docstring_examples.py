"""Examples in docstrings run and print what they show; public names are documented."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path
from types import ModuleType

import pytest

import graphssl

ROOT = Path(graphssl.__file__).parent
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)
ROOMS = ("objectives", "regularizers", "encoders", "augmentation", "diagnostics")
SECTIONS = ("Example:", "Args:", "Attributes:")


def public_names(room: ModuleType) -> dict[str, object]:
    """Objects in ``__all__``; else the public functions and classes of its modules."""
    if hasattr(room, "__all__"):
        return {name: getattr(room, name) for name in room.__all__}
    modules = [
        importlib.import_module(f"{room.__name__}.{path.stem}")
        for path in Path(str(room.__file__)).parent.glob("[!_]*.py")
    ]
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    }


def test_examples_are_found() -> None:
    assert {"graphssl.objectives.bgrl", "graphssl.regularizers.werank"} <= set(WITH_EXAMPLES)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_print_what_they_show(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert result.failed == 0


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_are_documented(room: str) -> None:
    names = public_names(importlib.import_module(f"graphssl.{room}"))
    assert names
    bare = []
    for name, value in names.items():
        doc = vars(value).get("__doc__") if inspect.isclass(value) else inspect.getdoc(value)
        takes = inspect.isclass(value) or len(inspect.signature(value).parameters) > 1
        if not doc or (takes and not any(section in doc for section in SECTIONS)):
            bare.append(name)
    assert not bare, f"no Example, Args or Attributes in the docstrings of {bare}"
