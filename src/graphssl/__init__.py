"""Self-supervised learning on graphs with WERank.

``run`` composes and runs one configuration, ``load_run`` gives back a trained encoder. Both are
imported when first used, so that ``import graphssl`` and the command line's help need no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graphssl.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from graphssl.results.record import RunRecord

__all__ = ["__version__", "load_run", "run"]


def run(overrides: Sequence[str] = ()) -> RunRecord:
    """Run one configuration and return its record.

    Args:
        overrides: as on the command line, e.g. ``["dataset=cora", "seed=1"]``.

    Raises:
        GraphSSLError: what the command line prints as one line, e.g. ``RunBusyError`` when another
            process is making this run and ``collision=skip`` was said.
    """
    from graphssl.config.compose import compose
    from graphssl.config.messages import EXPECTED, describe
    from graphssl.errors import ConfigError, GraphSSLError
    from graphssl.pipeline import run as run_config

    try:
        composed = compose(overrides)
    except GraphSSLError:
        raise
    except EXPECTED as error:  # Hydra's own
        raise ConfigError(describe(error, overrides)) from error
    return run_config(*composed)


def load_run(folder: str | Path, trust: bool = False) -> nn.Module:
    """The encoder of a finished run, in eval mode, ready to embed another graph.

    Args:
        folder: the run's folder.
        trust: also build what is no module of graphssl, torch.nn or torch_geometric.nn, such as an
            encoder of your own, which runs code that the folder's config names.
    """
    from graphssl.pipeline.load import load_encoder

    return load_encoder(Path(folder), trust)
