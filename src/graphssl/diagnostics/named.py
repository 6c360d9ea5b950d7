"""Measures that cost more than the others: computed once, at the end of a run, if named.

``diagnostics.also=[lidar,cka]``. They need the encoder only, so a finished run can be measured
without training it again.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import torch
from torch import nn

from graphssl.checks import one_of
from graphssl.diagnostics.cka import linear_cka
from graphssl.diagnostics.layers import encoder_outputs
from graphssl.diagnostics.lidar import lidar
from graphssl.encoders.encoding import encode
from graphssl.graph import GraphView
from graphssl.seeding import global_stream

TwoViews = Callable[[], tuple[GraphView, GraphView]]
VIEW_PAIRS = 5
# Rows of LiDAR: more than dimensions, so that the rank is bounded by these; a fixed subset.
MAX_ROWS = 4096


@torch.no_grad()
def lidar_of_views(encoder: nn.Module, view: GraphView, two_views: TwoViews) -> dict[str, float]:
    """Measure ``representation/lidar`` over five pairs of augmented views, in eval mode.

    Args:
        encoder: the encoder; a copy in eval mode is measured.
        view: the original graph.
        two_views: function that makes a pair of augmented views.
    """
    frozen = copy.deepcopy(encoder).eval()
    graph = view.graph
    chosen = torch.randperm(graph.num_nodes, generator=torch.Generator().manual_seed(0))
    chosen = chosen[:MAX_ROWS].to(graph.x.device)
    with global_stream(0, "diagnostics", graph.x.device):
        drawn = [seen for _ in range(VIEW_PAIRS) for seen in two_views()]
        rows = [encode(frozen, seen)[chosen] for seen in drawn]
    return {"representation/lidar": lidar(torch.stack(rows))}


def cka_of_layers(encoder: nn.Module, view: GraphView, two_views: TwoViews) -> dict[str, float]:
    """Measure ``cka/<layer>~<layer>`` of every two layers of the encoder on the original graph.

    The layers of a ``ConvStack`` are its activations.

    Args:
        encoder: the encoder; a copy in eval mode is measured.
        view: the original graph.
        two_views: function that makes a pair of augmented views; not used.
    """
    del two_views
    outputs = encoder_outputs(encoder, view)
    names = [name for name in outputs if ".acts." in name] or list(outputs)
    pairs = combinations(names, 2)
    return {f"cka/{a}~{b}": linear_cka(outputs[a], outputs[b]) for a, b in pairs}


MEASURES: Mapping[str, Callable[[nn.Module, GraphView, TwoViews], dict[str, float]]] = {
    "lidar": lidar_of_views,
    "cka": cka_of_layers,
}


def check_names(names: Sequence[str]) -> None:
    """Check that every one of ``names`` is a measure.

    Raises:
        ConfigError: one is not.
    """
    for name in names:
        one_of("diagnostics.also", name, MEASURES)


def named_measures(
    names: Sequence[str], encoder: nn.Module, view: GraphView, two_views: TwoViews
) -> dict[str, float]:
    """Compute the measures ``names``; one without a finite value is left out.

    Args:
        names: names of measures, keys of ``MEASURES``.
        encoder: the encoder; it is copied, not changed.
        view: the original graph.
        two_views: function that draws two augmented views.

    Returns:
        ``<where>/<measure>`` -> value.
    """
    found = {
        key: value
        for name in names
        for key, value in MEASURES[name](encoder, view, two_views).items()
    }
    return {key: value for key, value in found.items() if math.isfinite(value)}
