"""From a run's folder back to its encoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import nn

from graphssl import build
from graphssl.errors import DataError
from graphssl.results.record import RunRecord

# Building a target runs its code; these packages' code is trusted already.
_TRUSTED = ("graphssl", "torch", "torch_geometric")


def load_encoder(folder: Path, trust: bool = False) -> nn.Module:
    """The encoder that the run in ``folder`` kept, in eval mode, on the CPU.

    Args:
        folder: a finished run's folder.
        trust: also build targets outside graphssl, torch and torch_geometric.

    Raises:
        DataError: not a finished run, or a target outside those packages without ``trust``.
    """
    record = RunRecord.read(folder)
    parts = {name: record.config[name] for name in ("encoder", "objective")}
    foreign = [t for t in _targets(parts) if t.split(".")[0] not in _TRUSTED]
    if foreign and not trust:
        raise DataError(
            f"{folder}: its config names {', '.join(foreign)}, outside graphssl and "
            f"torch_geometric; load_run(folder, trust=True) runs that code"
        )
    nobody = torch.zeros(0, dtype=torch.int64)  # the labels that training saw are not needed now
    objective = build.objective(
        OmegaConf.create(record.config),
        record.dataset["features"],
        {"labels": nobody, "train_nodes": nobody, "num_classes": record.dataset["classes"]},
    )
    encoder: nn.Module = objective.encoder  # type: ignore[assignment]
    weights = torch.load(folder / "encoder.pt", map_location="cpu", weights_only=True)
    encoder.load_state_dict(weights)
    return encoder.eval()


def _targets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "_target_" in node:
            yield str(node["_target_"])
        for value in node.values():
            yield from _targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from _targets(value)
