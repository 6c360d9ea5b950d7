"""The kind of encoder of a run, in the terms of ``published.yaml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NO_ENCODER = "none"
# Last part of a target -> kind of encoder, where that is not the part before "Conv".
_ENCODERS = {"MLPGINConv": "GIN", "NodeLinear": "MLP", "GraphSAGE": "SAGE"}
_NORMS = {
    "torch.nn.BatchNorm1d": "batch",
    "torch.nn.LayerNorm": "layer",
    "torch_geometric.nn.LayerNorm": "graph",
    "torch.nn.Identity": "none",
}


@dataclass(frozen=True)
class Network:
    """The encoder of a run.

    Attributes:
        encoder: kind of its layers: ``GCN``, ``GAT``, ``SAGE``, ``GIN``, ``MLP`` or the name of the
            class; ``none`` for raw features.
        channels: widths of its layers; empty if the configuration has none.
        norm: ``batch``, ``layer``, ``graph``, ``none`` or the target; None without such a setting.
    """

    encoder: str
    channels: tuple[int, ...] = ()
    norm: str | None = None


def network_of(run: Mapping[str, Any]) -> Network:
    """Read the network from the settings in one row of the frame."""
    if run.get("objective") == "raw":
        return Network(NO_ENCODER)
    targets = (run.get(f"encoder.{key}_target_") for key in ("conv.", "model.", ""))
    kind = next((str(t).rsplit(".", 1)[-1] for t in targets if isinstance(t, str)), "unknown")
    norm = run.get("encoder.norm._target_")
    return Network(
        encoder=_ENCODERS.get(kind, kind.removesuffix("Conv")),
        channels=_widths(run.get("encoder.channels")),
        norm=_NORMS.get(norm, norm) if isinstance(norm, str) else None,
    )


def _widths(text: Any) -> tuple[int, ...]:
    """Parse widths, which the frame stores as JSON text."""
    found = json.loads(text) if isinstance(text, str) else None
    return tuple(found) if isinstance(found, list) else ()
