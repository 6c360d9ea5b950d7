"""Graphs: PyG's datasets with a mirror and checksums, synthetic and custom graphs."""

from __future__ import annotations

from graphssl.contracts import NodeDataset
from graphssl.data.custom import CustomDataset
from graphssl.data.digits import DigitsDataset
from graphssl.data.from_python import from_networkx, from_scipy, save_graph
from graphssl.data.hold_out import HoldOutEdges
from graphssl.data.karate import KarateDataset
from graphssl.data.low_rank import LowRankDataset
from graphssl.data.ogb_node import OGBDataset
from graphssl.data.pyg import PyGDataset
from graphssl.data.synthetic import CSBMDataset, SBMDataset
from graphssl.data.transforms import DivideByRowSum, StandardizeFeatures

__all__ = [
    "CSBMDataset",
    "CustomDataset",
    "DigitsDataset",
    "DivideByRowSum",
    "HoldOutEdges",
    "KarateDataset",
    "LowRankDataset",
    "NodeDataset",
    "OGBDataset",
    "PyGDataset",
    "SBMDataset",
    "StandardizeFeatures",
    "from_networkx",
    "from_scipy",
    "save_graph",
]
