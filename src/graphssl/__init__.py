"""Self-supervised learning on graphs with WERank.

What users name: ``run`` runs one configuration, ``load_run`` gives back its encoder, ``load_frame``
reads a folder of runs as a data frame, ``compose_report`` makes tables of it, and ``WERank`` is the
penalty for a training loop of one's own. Everything is imported when first used, so that ``import
graphssl`` and the help of the command line need no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from graphssl.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from graphssl.regularizers.werank import WERank
    from graphssl.report.build import compose_report
    from graphssl.report.runs.frame import load_frame
    from graphssl.results.record import RunRecord

__all__ = ["WERank", "__version__", "compose_report", "load_frame", "load_run", "run"]

_HOMES = {
    "WERank": "graphssl.regularizers.werank",
    "compose_report": "graphssl.report.build",
    "load_frame": "graphssl.report.runs.frame",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'graphssl' has no attribute {name!r}")


_one_at_a_time = RLock()


def run(overrides: Sequence[str] = ()) -> RunRecord:
    """Run one configuration and return its record.

    Works within another Hydra program too, whose own state it leaves as it was. Threads take their
    turns: a run uses all of the process, its number of threads and its random streams.

    Args:
        overrides: as on the command line, e.g. ``["dataset=cora", "seed=1"]``.

    Raises:
        GraphSSLError: what the command line prints as one line, e.g. ``RunBusyError`` when another
            process is making this run and ``collision=skip``.

    Example:
        >>> record = run(["dataset=karate", "trainer.steps=2"])  # doctest: +SKIP
        >>> record.diagnostics["representation"]["effective_rank_centred"]  # doctest: +SKIP
    """
    from graphssl.config.compose import compose
    from graphssl.config.messages import check_keys, expected
    from graphssl.pipeline.run import run as run_config

    with _one_at_a_time:
        try:
            composed = compose(overrides)
            check_keys(*composed)
        except Exception as error:
            if known := expected(error, overrides):
                raise known from error
            raise
        return run_config(*composed)


def load_run(folder: str | Path, trust: bool = False) -> nn.Module:
    """Load the encoder of a finished run, in eval mode, ready to embed another graph.

    Args:
        folder: the run's folder.
        trust: also build what is no module of graphssl, torch.nn or torch_geometric.nn, such as a
            custom encoder, which runs code that the folder's config names.

    Raises:
        DataError: the folder holds no finished run, or names foreign code without ``trust``.
    """
    from graphssl.pipeline.load import load_encoder

    return load_encoder(Path(folder), trust)
