"""Self-supervised objectives, and the baselines that they are compared with."""

from __future__ import annotations

from graphssl.contracts import Objective, StepOutput
from graphssl.objectives.afgrl import AFGRL, pairs_loss
from graphssl.objectives.bgrl import BGRL, cosine_loss
from graphssl.objectives.byol import BYOL
from graphssl.objectives.cca_ssg import CCASSG, cca_ssg_loss
from graphssl.objectives.dgi import DGI, dgi_loss
from graphssl.objectives.floors import Raw, Untrained
from graphssl.objectives.gbt import GBT, barlow_twins_loss
from graphssl.objectives.grace import GRACE, info_nce_loss
from graphssl.objectives.graphmae import GraphMAE, scaled_cosine_error
from graphssl.objectives.lejepa import LeJEPA, sigreg
from graphssl.objectives.siamese import Siamese
from graphssl.objectives.simsiam import SimSiam
from graphssl.objectives.ssge import SSGE, ssge_loss
from graphssl.objectives.supervised import Supervised
from graphssl.objectives.target_network import ema_update, target_of
from graphssl.objectives.vicreg import VICReg, vicreg_loss

__all__ = [
    "AFGRL",
    "BGRL",
    "BYOL",
    "CCASSG",
    "DGI",
    "GBT",
    "GRACE",
    "SSGE",
    "GraphMAE",
    "LeJEPA",
    "Objective",
    "Raw",
    "Siamese",
    "SimSiam",
    "StepOutput",
    "Supervised",
    "Untrained",
    "VICReg",
    "barlow_twins_loss",
    "cca_ssg_loss",
    "cosine_loss",
    "dgi_loss",
    "ema_update",
    "info_nce_loss",
    "pairs_loss",
    "scaled_cosine_error",
    "sigreg",
    "ssge_loss",
    "target_of",
    "vicreg_loss",
]
