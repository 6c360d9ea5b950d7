"""From the configuration to what is really built: networks, optimizer, views, threads."""

import pytest
import torch
from torch import nn
from torch_geometric.nn import GATConv, GCNConv

from graphssl.cli import compose
from graphssl.config import build
from graphssl.encoders.prelu import PReLU
from graphssl.pipeline import run as pipeline


def built(*overrides, in_channels=10):
    config, *_ = compose(["dataset=amazon_photo", *overrides])
    objective = build.objective(config, in_channels)
    return objective, build.optimizer(config, list(objective.trainable_parameters()))


def kinds(head):
    return [
        (type(part), part.weight.shape[0] if isinstance(part, nn.Linear) else None) for part in head
    ]


@pytest.mark.parametrize(("encoder", "conv", "heads"), [("gcn", GCNConv, 1), ("gat", GATConv, 4)])
def test_the_online_network_and_its_target_are_bgrls(encoder, conv, heads):
    objective, optimizer = built(f"encoder={encoder}")
    for network in (objective.encoder, objective.target_encoder):
        assert [type(layer) for layer in network.convs] == [conv] * 2
        assert [layer.out_channels * heads for layer in network.convs] == [256, 128]
        assert [type(act) for act in network.acts] == [PReLU] * 2
        norms = [(type(norm), norm.num_features, norm.momentum) for norm in network.norms]
        assert norms == [(nn.BatchNorm1d, 256, 0.99), (nn.BatchNorm1d, 128, 0.99)]
    assert kinds(objective.predictor) == [(nn.Linear, 512), (PReLU, None), (nn.Linear, 128)]
    assert objective.ema == 0.99
    (group,) = optimizer.param_groups
    assert type(optimizer) is torch.optim.AdamW
    assert (group["lr"], group["initial_lr"], group["weight_decay"]) == (1e-4, 1e-4, 1e-5)
    trained = {
        id(p) for part in (objective.encoder, objective.predictor) for p in part.parameters()
    }
    assert {id(p) for p in group["params"]} == trained


def test_byols_heads_have_a_norm_and_a_width_of_their_own():
    objective, optimizer = built("objective=byol")
    hidden = [(nn.Linear, 512), (nn.BatchNorm1d, None), (PReLU, None), (nn.Linear, 256)]
    for head in (objective.projector, objective.target_projector, objective.predictor):
        assert kinds(head) == hidden
    parts = (objective.encoder, objective.projector, objective.predictor)
    (group,) = optimizer.param_groups
    trained = {id(p) for part in parts for p in part.parameters()}
    assert {id(p) for p in group["params"]} == trained


@pytest.mark.parametrize(
    ("options", "used"),
    [
        (["trainer.select=val_accuracy"], True),
        (["objective=supervised"], True),
        (["trainer.select=effective_rank_centred"], False),
        ([], False),
    ],
)
def test_labels_have_a_part_in_selection_and_in_supervision(options, used):
    assert build.labels_used(compose(options)[0]) is used


@pytest.mark.parametrize(("said", "launcher", "expected"), [(3, 2, 3), (None, 2, 2)])
def test_threads_that_are_said_win_over_the_launchers(
    monkeypatch, tmp_path, said, launcher, expected
):
    seen = []

    def noting(request):
        seen.append(torch.get_num_threads())
        raise StopIteration

    monkeypatch.setattr(pipeline, "prepare", noting)
    options = [f"paths.runs={tmp_path}", f"trainer.threads={'null' if said is None else said}"]
    before = torch.get_num_threads()
    with pytest.raises(StopIteration):
        pipeline.run(*compose(options), launcher_threads=launcher)
    assert seen == [expected]
    assert torch.get_num_threads() == before


def test_wikics_is_divided_by_its_row_sums_and_standardised_last():
    """In this order: rows that are standardised first have sums near 0."""
    dataset = build._loader(compose(["dataset=wikics"])[0], build.make)
    names = [type(transform).__name__ for transform in dataset.transforms]
    assert names[0] in ("NormalizeFeatures", "DivideByRowSum")
    assert names[1:] == ["StandardizeFeatures"]
    assert dataset.source.keywords["is_undirected"] is True
