"""Muon for matrices and AdamW for the rest, against torch's own two."""

import copy

import pytest
import torch
from torch import nn

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import ConfigError
from graphssl.training.loop import set_learning_rate
from graphssl.training.muon import Muon

needs_muon = pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch before 2.9")


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.PReLU(), nn.Linear(5, 4))


def backward(model, step):
    x = torch.randn(9, 6, generator=torch.Generator().manual_seed(step))
    model.zero_grad()
    model(x).square().sum().backward()


def made(model, **options):
    optimizer = Muon(model.parameters(), lr=0.02, weight_decay=0.1, **options)
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return optimizer


@needs_muon
def test_it_is_torchs_muon_and_adamw_under_one_schedule():
    one, other = network(), network()
    ours = made(one, momentum=0.8)
    matrices, rest = ([p for p in other.parameters() if (p.ndim == 2) is m] for m in (True, False))
    theirs = [
        torch.optim.Muon(
            matrices, lr=0.02, weight_decay=0.1, momentum=0.8, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(rest, lr=0.02, weight_decay=0.1),
    ]
    for step in range(4):
        assert set_learning_rate(ours, 1 / (step + 1)) == pytest.approx(0.02 / (step + 1))
        for part in theirs:
            part.param_groups[0]["lr"] = 0.02 / (step + 1)
        for model in (one, other):
            backward(model, step)
        ours.step()
        for part in theirs:
            part.step()
    for mine, its in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, its)


@needs_muon
def test_a_step_moves_a_matrix_by_nearly_equal_singular_values():
    model = network()
    before = model[0].weight.detach().clone()
    backward(model, 0)
    Muon(model.parameters(), lr=0.02, weight_decay=0.0).step()
    singular = torch.linalg.svdvals(model[0].weight.detach() - before) / (0.02 * 0.2 * 6**0.5)
    assert singular.min() > 0.4
    assert singular.max() < 1.4


@needs_muon
def test_it_goes_on_from_its_saved_state_exactly():
    model = network()
    optimizer = made(model)
    for step in range(3):
        backward(model, step)
        optimizer.step()
    twin = copy.deepcopy(model)
    other = made(twin)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for step in range(3, 6):
        for net, its in ((model, optimizer), (twin, other)):
            set_learning_rate(its, 0.5)
            backward(net, step)
            its.step()
    for mine, its in zip(model.parameters(), twin.parameters(), strict=True):
        assert torch.equal(mine, its)


@needs_muon
@pytest.mark.parametrize("encoder", ["gcn", "gat", "sage", "gin", "mlp"])
def test_its_matrices_are_the_layers_that_a_penalty_takes(encoder, graph):
    config, *_ = compose([f"encoder={encoder}", "recipe.channels=[16,8]", "optimizer=muon"])
    objective = build.objective(config, graph.num_features)
    optimizer = build.optimizer(config, list(objective.trainable_parameters()))
    matrices = {id(p) for p in optimizer.parts[0].param_groups[0]["params"]}
    assert matrices == {id(w) for w in layer_weights(objective, trainable=True).values()}
    everything = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert everything == {id(p) for p in objective.trainable_parameters()}
    assert [group["lr"] for group in optimizer.param_groups] == [config.recipe.lr] * 2


@needs_muon
def test_vectors_alone_are_trained_by_adamw_and_matrices_alone_by_muon():
    assert [type(p) for p in Muon(nn.BatchNorm1d(3).parameters()).parts] == [torch.optim.AdamW]
    matrix = nn.Parameter(torch.ones(2, 2))
    assert [type(p) for p in Muon([matrix]).parts] == [torch.optim.Muon]


def test_bad_arguments_and_an_old_torch_are_one_line(monkeypatch):
    parameters = [nn.Parameter(torch.ones(2, 2))]
    with pytest.raises(ConfigError, match=r"optimizer.momentum must be .* got 1\.5"):
        Muon(parameters, momentum=1.5)
    with pytest.raises(ConfigError, match=r"optimizer.ns_steps must be .* got 0"):
        Muon(parameters, ns_steps=0)
    monkeypatch.delattr(torch.optim, "Muon", raising=False)
    with pytest.raises(ConfigError, match=r"optimizer=muon needs torch 2.9 or newer, got 2"):
        Muon(parameters)


def test_adam_decays_within_the_gradient_and_adamw_outside(graph):
    """L2 regularization scales with Adam's denominators, decoupled decay does not."""
    moved = {}
    for name in ("adam", "adamw"):
        config, *_ = compose([f"optimizer={name}", "optimizer.lr=0.1", "recipe.weight_decay=0.5"])
        weight = nn.Parameter(torch.tensor([[1.0, 4.0]]))
        optimizer = build.optimizer(config, [weight])
        weight.grad = torch.zeros(1, 2)
        optimizer.step()
        moved[name] = weight.detach()
    torch.testing.assert_close(moved["adam"], torch.tensor([[0.9, 3.9]]))
    torch.testing.assert_close(moved["adamw"], torch.tensor([[0.95, 3.8]]))
