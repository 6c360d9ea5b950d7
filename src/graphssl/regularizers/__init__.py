"""Penalties on the weights of a network or on its outputs."""

from __future__ import annotations

from graphssl.contracts import Penalty, Regularizer
from graphssl.regularizers.coding_rate import CodingRate
from graphssl.regularizers.decorrelation import Decorrelation
from graphssl.regularizers.double_soft import DoubleSoft
from graphssl.regularizers.none import NoRegularizer
from graphssl.regularizers.sigreg import SIGReg
from graphssl.regularizers.srip import SRIP
from graphssl.regularizers.ssge import SSGE
from graphssl.regularizers.sum import Sum
from graphssl.regularizers.variance_covariance import VarianceCovariance
from graphssl.regularizers.werank import WERank

__all__ = [
    "SRIP",
    "SSGE",
    "CodingRate",
    "Decorrelation",
    "DoubleSoft",
    "NoRegularizer",
    "Penalty",
    "Regularizer",
    "SIGReg",
    "Sum",
    "VarianceCovariance",
    "WERank",
]
