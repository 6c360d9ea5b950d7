"""AFGRL's positives against their definition, pair by pair, and its loss."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
from tests.objectives.numeric import assert_twins
from torch import nn
from torch_geometric.nn import GCNConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.heads import MLPHead
from graphssl.errors import ConfigError
from graphssl.objectives import AFGRL
from graphssl.objectives.afgrl import pairs_loss
from graphssl.objectives.positives import k_means, nearest, positive_pairs
from graphssl.schedules import ema_momentum


def rows(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_loss_of_pairs_is_the_formula():
    pairs = [(0, 0), (0, 2), (3, 1)]

    def twin(q, y):
        def cos(a, b):
            return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))

        return np.mean([4 - 2 * cos(q[i], y[j]) - 2 * cos(q[j], y[i]) for i, j in pairs])

    q, y = rows(4, 3), rows(4, 3, seed=1)
    loss = partial(pairs_loss, y=y, pairs=torch.tensor(pairs).T)
    assert_twins(loss, lambda array: twin(array, y.numpy()), q.numpy())
    y.requires_grad_()
    pairs_loss(q, y, torch.tensor(pairs).T)
    assert pairs_loss(q.requires_grad_(), y, torch.tensor(pairs).T).backward() is None
    assert y.grad is None


@pytest.mark.parametrize("block", [1, 3, 5, 100])
def test_the_nearest_are_those_of_a_sort_with_oneself_first(block):
    h, y = rows(12, 4), rows(12, 4, seed=1)
    products = (h @ y.T).numpy()
    np.fill_diagonal(products, np.inf)
    expected = np.argsort(-products, axis=1)[:, :5]
    assert nearest(h, y, 5, block).tolist() == expected.tolist()
    assert nearest(h, y, 99, block).shape == (12, 12)


def test_k_means_finds_clusters_that_are_apart_and_its_result_is_a_fixed_point():
    centres = 20 * torch.eye(3, dtype=torch.float64)
    truth = torch.arange(30) % 3
    y = centres[truth] + rows(30, 3)
    found = []
    for seed in range(5):
        torch.manual_seed(seed)
        cluster = k_means(y, 3, 20)
        means = torch.stack(
            [y[cluster == c].mean(0) if (cluster == c).any() else y[0] + 1e9 for c in range(3)]
        )
        assert torch.equal(torch.cdist(y, means).argmin(1), cluster)
        together = cluster.unsqueeze(0) == cluster.unsqueeze(1)
        found.append(torch.equal(together, truth.unsqueeze(0) == truth.unsqueeze(1)))
    assert any(found)
    assert k_means(y, 100, 3).unique().numel() == 30  # more clusters than rows: one each


def test_positives_are_near_and_linked_or_near_and_clustered(graph):
    h, y = rows(60, 6), rows(60, 6, seed=1)
    torch.manual_seed(4)
    pairs = positive_pairs(h, y, graph.edge_index, 7, 5, 2, 3)
    torch.manual_seed(4)
    unit = torch.nn.functional.normalize
    near = nearest(unit(h), unit(y), 7).tolist()
    clusterings = [k_means(unit(y), 5, 3).tolist() for _ in range(2)]
    edges = set(map(tuple, graph.edge_index.T.tolist()))
    expected = [
        (i, j)
        for i in range(60)
        for j in near[i]
        if i == j or (i, j) in edges or any(c[i] == c[j] for c in clusterings)
    ]
    assert list(map(tuple, pairs.T.tolist())) == expected
    assert 60 < len(expected) < 60 * 7


def test_the_target_begins_as_the_online_encoder_and_follows_it(graph):
    encoder = ConvStack(graph.num_features, [8], GCNConv, nn.PReLU, nn.BatchNorm1d)
    objective = AFGRL(encoder, partial(MLPHead, hidden_channels=6), ema=0.9, clusters=5)
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, objective.target_encoder.state_dict()[name])
    objective(graph.view(), graph.view()).loss.backward()
    trained = set(objective.trainable_parameters())
    for name, parameter in objective.named_parameters():
        assert (parameter in trained) == ("target" not in name) == (parameter.grad is not None)
    before = copy.deepcopy(objective)
    with torch.no_grad():
        encoder.convs[0].lin.weight.add_(1.0)
    objective.after_step(3, 10)
    momentum = ema_momentum(2, 10, 0.9)
    for new, old, online in zip(
        objective.target_encoder.parameters(), before.target_encoder.parameters(),
        encoder.parameters(), strict=True,
    ):  # fmt: skip
        torch.testing.assert_close(new, momentum * old + (1 - momentum) * online)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"topk": 0}, "objective.topk must be a whole number, 1 or more, got 0"),
        ({"clusters": 0}, "objective.clusters must be a whole number, 1 or more, got 0"),
        ({"ema": 1.5}, "objective.ema must be a finite number"),
    ],
)
def test_options_out_of_range(graph, option, message):
    encoder = ConvStack(graph.num_features, [8], GCNConv, nn.PReLU)
    with pytest.raises(ConfigError, match=message):
        AFGRL(encoder, MLPHead, **option)
