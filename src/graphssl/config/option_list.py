"""Text of ``graphssl list``: the options of a group, one line each."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from graphssl.config.folder import config_dir
from graphssl.config.help_text import options_in
from graphssl.errors import ConfigError


def list_text(arguments: Sequence[str]) -> str:
    """Format the options of a group with the first sentence of each file, or the groups.

    Args:
        arguments: what follows ``list``: a group in the singular or plural, or nothing, and
            ``--config-dir`` with a folder whose options are listed too.

    Raises:
        ConfigError: the group does not exist.

    Example:
        >>> print(list_text(["loggers"]))
        none         Only metrics.jsonl, which is always written
        tensorboard  TensorBoard event files in the run folder (extra: tensorboard)
        wandb        Weights & Biases (extra: wandb)
    """
    parser = argparse.ArgumentParser(prog="graphssl list", description=__doc__)
    parser.add_argument("group", nargs="?", help="e.g. datasets, encoders, objectives")
    parser.add_argument("--config-dir", "-cd", help="folder of custom options, listed too")
    asked = parser.parse_args(arguments)
    folders = [config_dir(), *([Path(asked.config_dir)] if asked.config_dir else [])]
    groups = options_in(*folders)
    if asked.group is None:
        lines = {_plural(group): ", ".join(options) for group, options in groups.items()}
    else:
        group = _group(asked.group, list(groups))
        found = {path.stem: path for folder in folders for path in folder.glob(f"{group}/*.yaml")}
        lines = {option: _first_sentence(found[option]) for option in groups[group]}
    width = max(map(len, lines), default=0)
    return "\n".join(f"{name:{width}}  {said}".rstrip() for name, said in lines.items())


def _group(name: str, groups: Sequence[str]) -> str:
    for group in groups:
        if name in (group, _plural(group)):
            return group
    plurals = list(map(_plural, groups))
    near = get_close_matches(name, plurals, n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(plurals)}"
    raise ConfigError(f"list {name}: no such group; {hint}")


def _plural(group: str) -> str:
    return group if group.endswith("s") else f"{group}s"


def _first_sentence(path: Path) -> str:
    """Return the first sentence of the comment at the top of a yaml file."""
    comments = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith("# @package"):
            comments.append(line.lstrip("# "))
    # No sentence ends after "et al."; a digit follows.
    return re.split(r"\.\s+(?=[A-Za-z])", " ".join(comments))[0].rstrip(".")
