"""From a run's folder back to its encoder."""

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
from graphssl.encoders.pyg_models import pyg_model
from graphssl.errors import DataError, GraphSSLError, words
from graphssl.results.public_names import with_public_names
from graphssl.results.record import RunRecord
from graphssl.training.default_dtype import float32_default

# Looking a target up imports what its path names, and building it runs its code with the arguments
# that a record gives it. Below these packages an import does nothing else, and a layer or a network
# is harmless; no function is.
_LIBRARIES = ("graphssl.encoders.", "graphssl.objectives.", "torch.nn.", "torch_geometric.nn.")
_TRUSTED = (
    "graphssl.encoders.",
    "graphssl.objectives.",
    "torch.nn.modules.",
    "torch_geometric.nn.",
)


def load_encoder(folder: Path, trust: bool = False) -> nn.Module:
    """The encoder of ``load_objective``."""
    encoder: nn.Module = load_objective(folder, trust).encoder  # type: ignore[assignment]
    return encoder


def load_objective(folder: Path, trust: bool = False) -> nn.Module:
    """The objective of the run in ``folder`` with the encoder that was kept and its own classifier.

    In eval mode, on the CPU; what else it is made of is drawn anew.

    Args:
        folder: a finished run's folder.
        trust: also build targets that are no modules of graphssl, torch.nn or torch_geometric.nn.

    Raises:
        DataError: not a finished run, weights that are not its encoder's, or a target outside those
            without ``trust``.
    """
    record = RunRecord.read(folder)
    try:
        return _objective(record, folder, trust)
    except (GraphSSLError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged record gives
        raise DataError(
            f"{folder}: its record's encoder and objective cannot be built: {words(error)[:200]}"
        ) from error


def _objective(record: RunRecord, folder: Path, trust: bool) -> nn.Module:
    config = with_public_names(record.config)
    foreign = list(_foreign({name: config.get(name) for name in ("encoder", "objective")}))
    if foreign and not trust:
        raise DataError(
            f"{folder}: its config names {', '.join(foreign)}, no module of graphssl, torch or "
            f"torch_geometric; load_run(folder, trust=True) runs that code"
        )
    nobody = torch.zeros(0, dtype=torch.int64)  # the labels that training saw are not needed now
    with float32_default():
        objective = build.objective(
            OmegaConf.create(config),
            record.dataset["features"],
            {"labels": nobody, "train_nodes": nobody, "num_classes": record.dataset["classes"]},
        )
    own = ("classifier",) if isinstance(objective, ClassifierObjective) else ()
    for name in ("encoder", *own):
        path = folder / f"{name}.pt"
        try:
            weights = torch.load(path, map_location="cpu", weights_only=True)
            getattr(objective, name).load_state_dict(weights)
        except Exception as error:  # whatever a damaged file gives
            raise DataError(
                f"{path} does not hold the run's {name} ({words(error)[:150]}); run it afresh "
                "with force=true"
            ) from error
    return objective.eval()


def _foreign(node: Any) -> Iterator[str]:
    """Targets whose code lies elsewhere, and interpolations, which a record has resolved."""
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
    except Exception:  # whatever importing a name that is not there meets
        return False
    # A library's own imports are reachable through it: where the object is at home counts.
    is_module = isinstance(found, type) and issubclass(found, nn.Module)
    at_home = is_module and found.__module__.startswith(_TRUSTED)
    # PyG's Sequential evaluates the text that names its arguments.
    return found is pyg_model or (at_home and not issubclass(found, PyGSequential))
