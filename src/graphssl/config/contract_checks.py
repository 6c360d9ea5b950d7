"""Check the objects that a configuration names against the contracts, before anything runs.

Each check raises a one-line ``ConfigError`` that names the class, what it lacks, and the fix.
"""

from __future__ import annotations

import inspect
from typing import Any

from torch import nn

from graphssl.contracts import Objective, Regularizer
from graphssl.errors import ConfigError


def check_encoder(made: Any) -> None:
    """Check for an ``nn.Module`` with ``out_channels``, ``reset_parameters`` and a fitting forward.

    Raises:
        ConfigError: one of these is missing, or a submodule would cache the edges of the first
            view.
    """
    name = _name(made)
    if not isinstance(made, nn.Module):
        raise ConfigError(
            f"encoder {name} must be a torch.nn.Module: class {_class(made)}(nn.Module)"
        )
    width = getattr(made, "out_channels", None)
    if type(width) is not int or width < 1:
        raise ConfigError(
            f"encoder {name} needs an attribute out_channels, the width D of its output, as an int "
            f"of at least 1, got {width!r}"
        )
    if not callable(getattr(made, "reset_parameters", None)):
        raise ConfigError(
            f"encoder {name} needs a method reset_parameters() that reinitialises all weights: "
            "target networks start from their own initialisation"
        )
    _check_arguments(made, "forward", ("x", "edge_index"), f"encoder {name}")
    for path, part in made.named_modules():
        if getattr(part, "cached", False) is True:
            raise ConfigError(
                f"encoder: {type(part).__name__} {path} has cached=True and would reuse the edges "
                "of the first view for all others: set cached=False"
            )


def check_objective(made: Any) -> None:
    """Check for a subclass of ``Objective`` that keeps an encoder and takes two views.

    Raises:
        ConfigError: it does not meet the contract.
    """
    name = _name(made)
    if not isinstance(made, Objective):
        raise ConfigError(
            f"objective {name} must be a subclass of graphssl.objectives.Objective: "
            f"class {_class(made)}(Objective)"
        )
    if not isinstance(getattr(made, "encoder", None), nn.Module):
        raise ConfigError(f"objective {name} must keep the given encoder: self.encoder = encoder")
    _check_arguments(made, "forward", ("view1", "view2"), f"objective {name}")


def check_regularizer(made: Any) -> None:
    """Check for a subclass of ``Regularizer`` that takes weights and a step's output.

    Raises:
        ConfigError: it does not meet the contract.
    """
    name = _name(made)
    if not isinstance(made, Regularizer):
        raise ConfigError(
            f"regularizer {name} must be a subclass of graphssl.regularizers.Regularizer: "
            f"class {_class(made)}(Regularizer)"
        )
    _check_arguments(made, "__call__", ("weights", "output"), f"regularizer {name}")


def check_methods(made: Any, kind: str, **methods: tuple[str, ...]) -> None:
    """Check methods and their arguments, for contracts without a base class.

    Args:
        made: the object to check.
        kind: its role, for the message, e.g. ``"dataset"``.
        methods: method name -> names of the arguments with which it is called.

    Raises:
        ConfigError: a method is missing or does not take these arguments.
    """
    for method, arguments in methods.items():
        if not callable(getattr(made, method, None)):
            wanted = ", ".join(arguments)
            raise ConfigError(f"{kind} {_name(made)} needs a method {method}({wanted})")
        _check_arguments(made, method, arguments, f"{kind} {_name(made)}")


def _check_arguments(made: Any, method: str, arguments: tuple[str, ...], who: str) -> None:
    signature = inspect.signature(getattr(made, method))
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise ConfigError(
            f"{who}: {method} is called with ({', '.join(arguments)}) but takes {signature}: "
            f"{error}"
        ) from None


def _class(made: Any) -> str:
    return type(made).__name__


def _name(made: Any) -> str:
    kind = type(made)
    return f"{kind.__module__}.{kind.__qualname__}"
