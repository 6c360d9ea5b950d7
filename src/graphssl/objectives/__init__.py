"""Self-supervised objectives, and the baselines that they are compared with."""

from __future__ import annotations

from graphssl.contracts import Objective, StepOutput
from graphssl.objectives.bgrl import BGRL, cosine_loss
from graphssl.objectives.byol import BYOL
from graphssl.objectives.floors import Raw, Untrained
from graphssl.objectives.supervised import Supervised
from graphssl.objectives.target_network import ema_update, target_of

__all__ = [
    "BGRL",
    "BYOL",
    "Objective",
    "Raw",
    "StepOutput",
    "Supervised",
    "Untrained",
    "cosine_loss",
    "ema_update",
    "target_of",
]
