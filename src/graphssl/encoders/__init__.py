"""Encoders, the heads on top of them, and the weight matrices that a penalty acts on."""

from __future__ import annotations

from graphssl.contracts import Encoder
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.encoding import encode, encode_pair
from graphssl.encoders.features import Features
from graphssl.encoders.gps import GPS
from graphssl.encoders.heads import MLPHead
from graphssl.encoders.layer_weights import LayerWeights, layer_weights
from graphssl.encoders.layer_widths import make_layer
from graphssl.encoders.operators import MLPGINConv, NodeLinear
from graphssl.encoders.parametrization import orthogonal, spectral
from graphssl.encoders.prelu import PReLU
from graphssl.encoders.pyg_models import pyg_model
from graphssl.encoders.whitening import IterativeWhitening

__all__ = [
    "GPS",
    "ConvStack",
    "Encoder",
    "Features",
    "IterativeWhitening",
    "LayerWeights",
    "MLPGINConv",
    "MLPHead",
    "NodeLinear",
    "PReLU",
    "encode",
    "encode_pair",
    "layer_weights",
    "make_layer",
    "orthogonal",
    "pyg_model",
    "spectral",
]
