"""Arguments of ``graphssl embed`` and ``graphssl probe``: a path, options and overrides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from graphssl.errors import ConfigError


class Arguments(NamedTuple):
    """Arguments of a command.

    Attributes:
        path: the run's folder, or the file of embeddings.
        options: the command's own options.
        overrides: overrides of the configuration.
    """

    path: Path
    options: dict[str, str]
    overrides: list[str]


def parse(
    usage: str, arguments: Sequence[str], options: Collection[str], groups: Collection[str]
) -> Arguments:
    """Split ``arguments``; refuse what would have no effect.

    Args:
        usage: the command with its arguments, for errors.
        arguments: what follows the command's name.
        options: names of the command's own options.
        groups: groups whose keys have an effect.

    Raises:
        ConfigError: there is not one path, or an argument has no effect.

    Example:
        >>> parse("embed RUN", ["runs/a", "out=b.csv", "dataset=cora"], ["out"], ["dataset"])[1:]
        ({'out': 'b.csv'}, ['dataset=cora'])
    """
    paths = [word for word in arguments if "=" not in word]
    if len(paths) != 1 or paths[0].startswith("-"):
        raise ConfigError(f"usage: {usage}; got {' '.join(arguments) or 'no arguments'}")
    found: dict[str, str] = {}
    overrides = []
    for word in arguments:
        key, sign, value = word.partition("=")
        if sign and key in options:
            found[key] = value
        elif sign and key.lstrip("+~").split(".")[0] in {*groups, "debug"}:
            overrides.append(word)
        elif sign:
            known = ", ".join([*options, *(f"{group}..." for group in groups)])
            raise ConfigError(f"{word}: has no effect here, where the keys are {known}")
    return Arguments(Path(paths[0]).expanduser(), found, overrides)
