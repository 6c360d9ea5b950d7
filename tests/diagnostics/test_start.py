"""A network before its first batch, against what a training step leaves and against plain torch."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from torch import nn
from torch_geometric.nn import GCNConv

from graphssl.augmentation.drop_edges import DropEdges
from graphssl.augmentation.mask_features import MaskFeatures
from graphssl.augmentation.two_views import TwoViews
from graphssl.diagnostics.start import after_first_forward, fill_statistics
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.heads import MLPHead
from graphssl.encoders.prelu import PReLU
from graphssl.objectives.bgrl import BGRL
from graphssl.objectives.floors import Untrained
from graphssl.seeding import generator

VIEWS = TwoViews({"f": MaskFeatures(0.2), "e": DropEdges(0.3)}, {"e": DropEdges(0.1)})


def encoder(num_features, momentum=0.99, dropout=0.0):
    torch.manual_seed(0)
    act = (lambda: nn.Sequential(PReLU(), nn.Dropout(dropout))) if dropout else PReLU
    norm = partial(nn.BatchNorm1d, momentum=momentum)
    return ConvStack(num_features, [16, 8], GCNConv, act, norm)


@pytest.mark.parametrize("momentum", [0.99, 0.1, None])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_it_is_what_a_step_without_learning_leaves(graph, momentum, dropout):
    objective = BGRL(
        encoder(graph.num_features, momentum, dropout), partial(MLPHead, batch_norm=True)
    )
    before, stream = copy.deepcopy(objective.state_dict()), torch.get_rng_state()
    views = VIEWS(graph.view(), generator(0, "augmentation"))
    started = after_first_forward(objective, *views)
    torch.testing.assert_close(objective.state_dict(), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), stream)
    objective.train()
    objective(*views).loss.backward()
    torch.testing.assert_close(started.state_dict(), objective.state_dict(), rtol=0, atol=0)
    moved = [n for n, v in started.state_dict().items() if not torch.equal(v, before[n])]
    for part in ("encoder.norms.0", "target_encoder.norms.1", "predictor.1"):
        assert f"{part}.running_var" in moved


def test_what_is_never_trained_has_the_statistics_of_the_graph(graph):
    objective = Untrained(encoder(graph.num_features, momentum=0.1, dropout=0.5))
    twin = copy.deepcopy(objective.encoder)
    fill_statistics(objective, graph.view())
    seen = h = graph.x  # in train mode, normalised with the biased variance; in eval mode
    for conv, norm, act in zip(twin.convs, twin.norms, twin.acts, strict=True):
        seen, h = (conv(x, graph.edge_index) for x in (seen, h))
        mean, var, biased = seen.mean(0), seen.var(0), seen.var(0, correction=0)
        seen = act[0]((seen - mean) / (biased + norm.eps).sqrt())
        h = act[0]((h - mean) / (var + norm.eps).sqrt())
    torch.testing.assert_close(objective.encoder(graph.x, graph.edge_index), h)
    assert not any(module.training for module in objective.modules())
    assert objective.encoder.norms[0].momentum == 0.1


def test_statistics_that_are_there_stay(graph):
    objective = Untrained(encoder(graph.num_features))
    objective.encoder.norms[0].running_mean.fill_(2.0)
    fill_statistics(objective, graph.view())
    assert (objective.encoder.norms[0].running_mean == 2.0).all()
    assert (objective.encoder.norms[1].running_mean != 0.0).any()
    filled = copy.deepcopy(objective.state_dict())
    fill_statistics(objective, graph.view())
    torch.testing.assert_close(objective.state_dict(), filled, rtol=0, atol=0)


@pytest.mark.parametrize("norm", ["BatchNorm", "InstanceNorm"])
def test_norms_of_pyg_are_filled_too(graph, norm):
    import torch_geometric.nn

    options = {"track_running_stats": True} if norm == "InstanceNorm" else {}
    made = partial(getattr(torch_geometric.nn, norm), **options)
    objective = Untrained(ConvStack(graph.num_features, [8], GCNConv, PReLU, made))
    fill_statistics(objective, graph.view())
    buffers = dict(objective.named_buffers())
    (mean,) = (buffer for name, buffer in buffers.items() if name.endswith("running_mean"))
    h = objective.encoder.convs[0](graph.x, graph.edge_index)
    torch.testing.assert_close(mean, h.mean(dim=0), rtol=1e-5, atol=1e-6)
