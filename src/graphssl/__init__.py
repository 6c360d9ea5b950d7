"""Self-supervised learning on graphs with WERank.

The public API: ``run`` runs one configuration, ``load_run`` loads its encoder, ``embed`` embeds a
graph with it, ``load_frame`` reads a folder of runs as a data frame, ``compose_report`` turns it
into tables, and ``WERank`` is the penalty for a custom training loop. Names are imported on first
use, so that ``import graphssl`` and the command line's help do not import torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from graphssl.version import __version__

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch_geometric.data import Data

    from graphssl.contracts import NodeDataset
    from graphssl.regularizers.werank import WERank
    from graphssl.report.build import compose_report
    from graphssl.report.runs.frame import load_frame
    from graphssl.results.record import RunRecord

__all__ = ["WERank", "__version__", "compose_report", "embed", "load_frame", "load_run", "run"]

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

    This also works inside another Hydra program, whose state is left as it was. Calls from several
    threads run one after another: a run sets the process's thread count and random streams.

    Args:
        overrides: as on the command line, e.g. ``["dataset=cora", "seed=1"]``.

    Raises:
        GraphSSLError: any error that the command line prints as one line, e.g. ``RunBusyError``
            when another process is working on this run and ``collision=skip`` is set.

    Example:
        >>> record = run(["dataset=karate", "trainer.steps=2"])  # doctest: +SKIP
        >>> record.diagnostics["representation"]["effective_rank_centred"]  # doctest: +SKIP
    """
    from graphssl.config.compose import compose
    from graphssl.config.key_checks import check_keys
    from graphssl.config.messages import expected
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
        trust: also build classes from outside graphssl, torch.nn and torch_geometric.nn, such as a
            custom encoder. This runs code that the folder's config names.

    Raises:
        DataError: the folder holds no finished run, or its config names other code and ``trust`` is
            not set.
    """
    from graphssl.pipeline.load import load_encoder

    return load_encoder(Path(folder), trust)


def embed(folder: str | Path, data: Data | NodeDataset, trust: bool = False) -> Tensor:
    """Embed a graph with the encoder of a finished run, on the CPU.

    Args:
        folder: the run's folder.
        data: a PyG ``Data`` with ``x`` (N, F), ``edge_index`` and optionally edge weights,
            transformed as the run's graph was; or a ``NodeDataset``.
        trust: as for ``load_run``.

    Returns:
        The representation of every node, (N, D).

    Raises:
        DataError: as ``load_run``, or the graph has another number of features than the one that
            the run trained on.

    Example:
        >>> embed("runs/karate-bgrl-seed0-1a2b3c4d5e6f", data).shape  # doctest: +SKIP
    """
    from graphssl.pipeline.embed_command import embed_graph

    return embed_graph(folder, data, trust)
