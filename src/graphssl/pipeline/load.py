"""Load the encoder of a finished run from its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import nn
from torch_geometric.nn import Sequential as PyGSequential

from graphssl.config import build
from graphssl.contracts import ClassifierObjective
from graphssl.data.torch_file import load_checked
from graphssl.encoders.parametrization import orthogonal, spectral
from graphssl.encoders.pyg_models import pyg_model
from graphssl.errors import DataError, words
from graphssl.results.public_names import with_public_names
from graphssl.results.record import RunRecord
from graphssl.training.default_dtype import float32_default

# Looking up a target imports the modules in its path, and building it runs its code with arguments
# from the record. In these packages imports have no side effects, and a layer or network is safe; a
# function is not.
_BUILT = ("encoder", "objective", "parametrization")
_LIBRARIES = ("graphssl.encoders.", "graphssl.objectives.", "torch.nn.", "torch_geometric.nn.")
_TRUSTED = (
    "graphssl.encoders.",
    "graphssl.objectives.",
    "torch.nn.modules.",
    "torch_geometric.nn.",
)


def load_encoder(folder: Path, trust: bool = False) -> nn.Module:
    """Load the encoder of the run in ``folder``; see ``load_objective``."""
    encoder: nn.Module = load_objective(folder, trust).encoder  # type: ignore[assignment]
    return encoder


def load_objective(folder: Path, trust: bool = False) -> nn.Module:
    """Load the objective of the run in ``folder``, in eval mode, on the CPU.

    The encoder, and the classifier if the objective has one, have the weights that the run kept;
    its other parts are reinitialised.

    Args:
        folder: a finished run's folder.
        trust: also build targets from outside graphssl, torch.nn and torch_geometric.nn.

    Raises:
        DataError: the folder holds no finished run, its weights do not fit the encoder, or its
            config names other code and ``trust`` is not set.
    """
    record = RunRecord.read(folder)
    try:
        return _objective(record, folder, trust)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # a damaged record may raise anything
        raise DataError(
            f"{folder}: its record's encoder and objective cannot be built: {words(error)[:200]}"
        ) from error


def _objective(record: RunRecord, folder: Path, trust: bool) -> nn.Module:
    config = with_public_names(record.config)
    foreign = list(_foreign({name: config.get(name) for name in _BUILT}))
    if foreign and not trust:
        raise DataError(
            f"{folder}: its config names {', '.join(foreign)}, which is not a module of graphssl, "
            f"torch.nn or torch_geometric.nn; load_run(folder, trust=True) runs that code"
        )
    no_nodes = torch.zeros(0, dtype=torch.int64)  # (0,): only training needs the labels
    with float32_default():
        objective = build.objective(
            OmegaConf.create(config),
            record.dataset["features"],
            {"labels": no_nodes, "train_nodes": no_nodes, "num_classes": record.dataset["classes"]},
        )
    own = ("classifier",) if isinstance(objective, ClassifierObjective) else ()
    for name in ("encoder", *own):
        path = folder / f"{name}.pt"
        try:
            getattr(objective, name).load_state_dict(load_checked(path))
        except Exception as error:  # a damaged file may raise anything
            raise DataError(
                f"{path} does not contain the run's {name} ({words(error)[:150]}); start afresh "
                "with force=true"
            ) from error
    return objective.eval()


def _foreign(node: Any) -> Iterator[str]:
    """Yield untrusted targets, and interpolations, which a genuine record has resolved."""
    if isinstance(node, dict):
        if "_target_" in node and not _is_trusted(str(node["_target_"])):
            yield str(node["_target_"])
        for value in node.values():
            yield from _foreign(value)
    elif isinstance(node, list):
        for value in node:
            yield from _foreign(value)
    elif isinstance(node, str) and "${" in node:
        yield node


def _is_trusted(target: str) -> bool:
    if not target.startswith(_LIBRARIES):
        return False
    try:
        found = resolve_name(target)
    except Exception:  # importing the name may raise anything
        return False
    # A library's imports are reachable through it, so the module that defines the object counts.
    is_module = isinstance(found, type) and issubclass(found, nn.Module)
    at_home = is_module and found.__module__.startswith(_TRUSTED)
    # PyG's Sequential evaluates its argument string as code.
    return found in (pyg_model, orthogonal, spectral) or (
        at_home and not issubclass(found, PyGSequential)
    )
