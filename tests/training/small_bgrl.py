"""A BGRL small enough to train in a test."""

from functools import partial

import torch
from torch_geometric.nn import GCNConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.heads import MLPHead
from graphssl.encoders.prelu import PReLU
from graphssl.objectives.bgrl import BGRL


def bgrl(num_features, conv=GCNConv):
    norm = partial(torch.nn.BatchNorm1d, momentum=0.99)
    encoder = ConvStack(num_features, [16, 8], conv, PReLU, norm)
    return BGRL(encoder, partial(MLPHead, hidden_channels=12))
