"""The training loop, checkpoints, loggers, and observers that never affect training."""

from __future__ import annotations

from graphssl.training.loggers import TensorBoard, WandB
from graphssl.training.metrics import Logger
from graphssl.training.muon import Muon
from graphssl.training.settings import TrainerSettings

__all__ = [
    "Logger",
    "Muon",
    "TensorBoard",
    "TrainerSettings",
    "WandB",
]
