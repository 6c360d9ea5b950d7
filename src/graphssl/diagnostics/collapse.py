"""Measures of collapse of a network in training, for every layer, weight and output."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from graphssl.contracts import FloatArray
from graphssl.diagnostics.geometry import alignment
from graphssl.diagnostics.layers import layer_outputs
from graphssl.diagnostics.neighbourhood import neighbourhood_diagnostics
from graphssl.diagnostics.range_checks import check_outputs, check_statistics
from graphssl.diagnostics.summary import (
    Diagnostics,
    representation_diagnostics,
    weight_diagnostics,
)
from graphssl.encoders.layer_weights import layer_weights
from graphssl.graph import GraphView
from graphssl.seeding import global_stream


def collapse_diagnostics(
    objective: nn.Module,
    view: GraphView,
    two_views: Callable[[], tuple[GraphView, GraphView]] | None = None,
) -> Diagnostics:
    """Measure collapse on the original graph; names are ``<where>/<measure>``.

    ``<where>`` is ``representation`` (the encoder's output), ``embedding`` (the predictor's), every
    layer of ``layer_outputs``, and ``weights/<layer>``.

    Args:
        objective: network to measure; it is copied, not changed.
        view: the original graph.
        two_views: function that makes two augmented views, for the alignment of the outputs.

    Raises:
        NotFiniteError: an output or a running statistic is not finite, or its squares are not.
    """
    check_statistics(objective)
    output, layers = layer_outputs(objective, view)
    places = dict(layers)
    if output.representations:
        places["representation"] = output.representations[0]
    if output.embeddings:
        places["embedding"] = output.embeddings[0]
    check_outputs(places)
    values: dict[str, float] = {}
    arrays: dict[str, FloatArray] = {}
    for where, z in places.items():
        found = representation_diagnostics(z)
        if z.size(0) == view.graph.num_nodes and not where.startswith("target"):
            found = replace(found, values=found.values | neighbourhood_diagnostics(z, view.graph))
        _add(where, found, values, arrays)
    # In eval mode, since a spectral parametrization moves its vectors when it is read in training.
    weights = layer_weights(copy.deepcopy(objective).eval(), trainable=True)
    if weights:
        _add("weights", weight_diagnostics(weights), values, arrays)
    if two_views is not None and output.representations:
        values |= _alignments(objective, two_views)
    return Diagnostics(values, arrays)


@torch.no_grad()
def _alignments(
    objective: nn.Module, two_views: Callable[[], tuple[GraphView, GraphView]]
) -> dict[str, float]:
    frozen = copy.deepcopy(objective).eval()
    view1, view2 = two_views()
    with global_stream(0, "diagnostics", view1.graph.x.device):
        output = frozen(view1, view2)
    pairs = {"representation": output.representations, "embedding": output.embeddings}
    return {f"{where}/alignment": alignment(*z) for where, z in pairs.items() if len(z) == 2}


def _add(
    where: str, found: Diagnostics, values: dict[str, float], arrays: dict[str, FloatArray]
) -> None:
    values |= {f"{where}/{name}": value for name, value in found.values.items()}
    arrays |= {f"{where}/{name}": array for name, array in found.arrays.items()}
