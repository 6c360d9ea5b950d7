"""Checks of arguments: what each takes, and that an argument is checked where it is given."""

from __future__ import annotations

import pytest

from graphssl.checks import boolean, number, one_of, whole_number
from graphssl.errors import ConfigError


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (lambda v: one_of("a", v, ("x", "y")), "y"),
        (lambda v: boolean("a", v), False),
        (lambda v: whole_number("a", v, least=0), 0),
        (lambda v: number("a", v), -5),
        (lambda v: number("a", v, least=0, most=1), 0),
        (lambda v: number("a", v, least=0, most=1), 1),
        (lambda v: number("a", v, above=0, below=1), 0.5),
    ],
)
def test_what_is_allowed_passes(check, value):
    check(value)


@pytest.mark.parametrize(
    ("check", "values", "said"),
    [
        (lambda v: one_of("a", v, ("x", "y")), ["z", None, 1, ["x"]], "a must be one of x, y, got"),
        (lambda v: boolean("a", v), ["true", 0, 1, None], "a must be true or false, got"),
        (
            lambda v: whole_number("a", v, least=2),
            [1, 2.0, True, "2", None, float("nan")],
            "a must be a whole number, 2 or more, got",
        ),
        (
            lambda v: number("a", v),
            [float("nan"), float("inf"), "1", True, None],
            "a must be a finite number, got",
        ),
        (
            lambda v: number("a", v, least=0, below=1),
            [-1e-9, 1, float("nan")],
            "a must be a finite number, at least 0 and below 1, got",
        ),
        (
            lambda v: number("a", v, above=0, most=2),
            [0, 2.1],
            "a must be a finite number, above 0 and at most 2, got",
        ),
    ],
)
def test_what_is_not_allowed_is_named_with_its_value(check, values, said):
    for value in values:
        with pytest.raises(ConfigError) as error:
            check(value)
        assert str(error.value) == f"{said} {value!r}"
