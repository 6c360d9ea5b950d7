"""Penalties on the weights of a network or on its outputs."""

from __future__ import annotations

from graphssl.contracts import Penalty, Regularizer
from graphssl.regularizers.double_soft import DoubleSoft
from graphssl.regularizers.none import NoRegularizer
from graphssl.regularizers.srip import SRIP
from graphssl.regularizers.sum import Sum
from graphssl.regularizers.variance_covariance import VarianceCovariance
from graphssl.regularizers.werank import WERank

__all__ = [
    "SRIP",
    "DoubleSoft",
    "NoRegularizer",
    "Penalty",
    "Regularizer",
    "Sum",
    "VarianceCovariance",
    "WERank",
]
