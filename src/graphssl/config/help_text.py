"""Text of ``graphssl --help``, without composing a configuration as Hydra's own help does."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from graphssl.config.folder import config_dir

_TEXT = """\
graphssl pretrains a graph encoder, measures its collapse, probes it and writes a record.

Groups (choose with group=option, several with -m group=a,b):

{groups}

Examples:
  graphssl dataset=cora regularizer=werank seed=0
  graphssl dataset=amazon_photo encoder=gat trainer.steps=500 augmentation.strength=0.5
  graphssl -m dataset=cora,citeseer regularizer=none,werank 'seed=range(5)'

Options in one line each: graphssl list encoders   A run: graphssl --info runs/FOLDER
Embed with a run:     graphssl embed runs/FOLDER  Probe a file:    graphssl probe FILE dataset=cora
Keys of every group:  graphssl --cfg job          One group:  graphssl --cfg job --package encoder
Hydra's own flags:    graphssl --hydra-help       Version:    graphssl --version"""


def help_text(arguments: Sequence[str]) -> str:
    """Format the help, with the options of a ``--config-dir`` among ``arguments`` included."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--config-dir", "-cd")
    own = parser.parse_known_args(arguments)[0].config_dir
    options = options_in(config_dir(), *([Path(own)] if own else []))
    return _TEXT.format(
        groups="\n".join(f"{group}: {', '.join(found)}" for group, found in options.items())
    )


def options_in(*folders: Path) -> dict[str, list[str]]:
    """List each group's options in ``folders``; groups and options in alphabetical order."""
    paths = [path for folder in folders for path in folder.glob("*/*.yaml")]
    groups = sorted({path.parent.name for path in paths})
    return {g: sorted({path.stem for path in paths if path.parent.name == g}) for g in groups}
