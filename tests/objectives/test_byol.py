"""BYOL against its formula written out, and what moves when."""

import copy
from functools import partial

import pytest
import torch
from torch_geometric.nn import GCNConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.heads import MLPHead
from graphssl.errors import ConfigError
from graphssl.objectives.byol import BYOL
from graphssl.schedules import ema_momentum


@pytest.fixture
def byol(graph):
    encoder = ConvStack(graph.num_features, [16, 8], GCNConv, torch.nn.PReLU, torch.nn.BatchNorm1d)
    head = partial(MLPHead, hidden_channels=12, batch_norm=True)
    return BYOL(encoder, head, head, projection_channels=6, ema=0.9).double()


@pytest.fixture
def views(graph):
    view = graph.to("cpu", torch.float64).view()
    masks = torch.rand(2, graph.num_edges, generator=torch.Generator().manual_seed(0)) > 0.3
    return view.keep_edges(masks[0]), view.keep_edges(masks[1])


def test_the_loss_is_the_papers(byol, views):
    """``sum over both directions of ||q / |q| - z / |z| ||^2``, halved as BGRL writes it."""
    twin = copy.deepcopy(byol)
    q = [twin.predictor(twin.projector(twin.encoder(v.x, v.edge_index))) for v in views]
    z = [twin.target_projector(twin.target_encoder(v.x, v.edge_index)) for v in views]
    expected = 0.0
    for a, b in ((q[0], z[1]), (q[1], z[0])):
        a, b = (t / t.norm(dim=1, keepdim=True) for t in (a, b))
        expected = expected + (a - b).square().sum(1).mean() / 2
    output = byol(*views)
    assert output.loss.item() == pytest.approx(expected.item(), rel=1e-12)
    assert [tuple(h.shape) for h in output.representations] == [(60, 8)] * 2
    assert [tuple(h.shape) for h in output.embeddings] == [(60, 6)] * 2


def test_no_gradient_reaches_the_targets(byol, views):
    byol(*views).loss.backward()
    trained = set(byol.trainable_parameters())
    for name, parameter in byol.named_parameters():
        assert (parameter in trained) == ("target" not in name)
        assert (parameter.grad is not None) == (parameter in trained), name


def test_after_a_step_both_targets_move_by_the_schedule_and_buffers_stay(byol, views):
    byol(*views)
    before = copy.deepcopy(byol)
    byol.after_step(step=3, total=10)
    momentum = ema_momentum(2, 10, 0.9)
    pairs = (("target_encoder", "encoder"), ("target_projector", "projector"))
    for target, online in pairs:
        old, new = getattr(before, target), getattr(byol, target)
        for a, b, c in zip(
            new.parameters(), old.parameters(), getattr(byol, online).parameters(), strict=True
        ):
            torch.testing.assert_close(a, momentum * b + (1 - momentum) * c)
        for a, b in zip(new.buffers(), old.buffers(), strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("option", "message"),
    [({"ema": 1.5}, r"objective\.ema .*1\.5"), ({"projection_channels": 0}, "1 or more, got 0")],
)
def test_options_out_of_range(graph, option, message):
    encoder = ConvStack(graph.num_features, [8], GCNConv, torch.nn.PReLU)
    with pytest.raises(ConfigError, match=message):
        BYOL(encoder, MLPHead, MLPHead, **option)
