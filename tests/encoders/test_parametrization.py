"""Constrained weights: what every part sees is the effective weight."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.folder import config_dir
from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.encoders import orthogonal, spectral
from graphssl.encoders.encoding import encode, encode_pair
from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import ConfigError
from graphssl.objectives.target_network import ema_update
from graphssl.regularizers.werank import WERank
from graphssl.seeding import generator

ENCODERS = sorted(path.stem for path in (config_dir() / "encoder").glob("*.yaml"))
ONE_WIDTH = {"gcn2", "gps"}
KINDS = ("orthogonal", "spectral")
SMALL = ["recipe.channels=[16,8]", "recipe.predictor_channels=8"]


def made(graph, *overrides):
    config, *_ = compose([*SMALL, *overrides])
    return build.objective(config, graph.num_features)


def widths(encoder):
    return ["encoder.channels=[8,8]"] if encoder in ONE_WIDTH else []


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_encoder_computes_with_the_effective_weight(kind, encoder, graph):
    """As a plain network with the same weights does, on masked views, with the same gradient."""
    options = [f"encoder={encoder}", *widths(encoder)]
    constrained = made(graph, f"parametrization={kind}", *options).eval()
    plain = made(graph, *options).eval()
    effective = layer_weights(constrained, trainable=True)
    assert effective.keys() == layer_weights(plain, trainable=True).keys()
    with torch.no_grad():
        for name, weight in layer_weights(plain, trainable=True).items():
            weight.copy_(effective[name])
    draw = torch.Generator().manual_seed(1)
    view = graph.view().keep_edges(torch.rand(graph.num_edges, generator=draw) > 0.4)
    masked = view.keep_features(torch.rand(graph.num_features, generator=draw) > 0.4)
    with parametrize.cached():
        taken = layer_weights(constrained, trainable=True)
        ours = [
            encode(constrained.encoder, masked),
            *encode_pair(constrained.encoder, view, masked),
        ]
        gradients = torch.autograd.grad(
            sum(h.square().sum() for h in ours), list(taken.values()), allow_unused=True
        )
    theirs = [encode(plain.encoder, masked), *encode_pair(plain.encoder, view, masked)]
    weights = list(layer_weights(plain, trainable=True).values())
    total = sum(h.square().sum() for h in theirs)
    expected = torch.autograd.grad(total, weights, allow_unused=True)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)
    for name, one, other in zip(taken, gradients, expected, strict=True):
        assert (one is None) == (other is None) == name.startswith("predictor"), name
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_constraint_holds_after_steps(kind, graph):
    objective = made(
        graph, f"parametrization={kind}", "recipe.channels=[84,16]", "recipe.predictor_channels=24"
    )
    optimizer = torch.optim.Adam(objective.trainable_parameters(), lr=0.05)
    before = {k: w.detach().clone() for k, w in layer_weights(objective, trainable=True).items()}
    for _ in range(30):
        optimizer.zero_grad()
        objective(graph.view(), graph.view()).loss.backward()
        optimizer.step()
    objective.eval()
    weights = layer_weights(objective, trainable=True)
    assert len(weights) == 4
    for name, weight in weights.items():
        assert not torch.allclose(weight, before[name], atol=1e-2), name
        singular = np.linalg.svd(weight.detach().numpy(), compute_uv=False)
        if kind == "orthogonal":
            np.testing.assert_allclose(singular, 1, atol=1e-5)
        else:
            assert singular[0] == pytest.approx(1, abs=0.02)
            assert singular[-1] < 0.9
    if kind == "orthogonal":
        penalty = WERank(alpha=1.0).penalty(objective)
        assert penalty.floor == pytest.approx(8 + 8**0.5)  # of the two layers that widen
        assert penalty.total.item() == pytest.approx(penalty.floor, abs=1e-4)


def test_it_starts_at_the_nearest_q_and_at_the_weight_over_its_norm():
    torch.manual_seed(0)
    layer = nn.Linear(6, 4)
    weight = layer.weight.detach().double().numpy()
    one, other = copy.deepcopy(layer), copy.deepcopy(layer)
    orthogonal(one)
    q, r = np.linalg.qr(weight.T)
    np.testing.assert_allclose(one.weight.detach().numpy(), (q * np.sign(np.diag(r))).T, atol=1e-5)
    spectral(other, iterations=50)
    for _ in range(3):
        _ = other.weight
    np.testing.assert_allclose(
        other.weight.detach().numpy(), weight / np.linalg.norm(weight, 2), atol=1e-5
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_target_is_a_plain_network_that_follows_the_effective_weights(kind, graph):
    objective = made(graph, f"parametrization={kind}")
    target = objective.target_encoder
    assert not any(parametrize.is_parametrized(module) for module in target.modules())
    before = target.convs[1].lin.weight.clone()
    objective.eval()
    online = objective.encoder.convs[1].lin.weight.detach()
    ema_update(target, objective.encoder, momentum=0.75)
    torch.testing.assert_close(target.convs[1].lin.weight, 0.75 * before + 0.25 * online)
    assert not torch.allclose(before, online)


def test_one_part_can_be_constrained_alone(graph):
    objective = made(graph, "parametrization=orthogonal", "parametrization.layers=predictor")
    constrained = {n for n, m in objective.named_modules() if parametrize.is_parametrized(m)}
    assert constrained == {"predictor.0", "predictor.2"}


@pytest.mark.parametrize("kind", KINDS)
def test_looking_moves_nothing(kind, graph):
    objective = made(graph, f"parametrization={kind}").train()
    before = {key: value.clone() for key, value in objective.state_dict().items()}
    views = build.augmentation(compose([])[0])

    def look():
        draw = generator(0, "diagnostics")
        return collapse_diagnostics(objective, graph.view(), lambda: views(graph.view(), draw))

    assert look().values == look().values
    for key, value in objective.state_dict().items():
        assert torch.equal(value, before[key]), key


@pytest.mark.parametrize("kind", KINDS)
def test_a_penalty_of_alpha_0_still_changes_nothing(kind, small_run):
    options = (f"parametrization={kind}", "trainer.steps=4", "trainer.eval_every=0", "probe=[]")
    one, other = (
        small_run(*options, *penalty)
        for penalty in ((), ("regularizer=werank", "regularizer.alpha=0"))
    )
    assert one.diagnostics == other.diagnostics


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_and_a_saved_state_are_the_same_network(kind, graph):
    first, second = (made(graph, f"parametrization={kind}", f"seed={s}").eval() for s in (0, 1))
    second.load_state_dict(first.state_dict())
    expected = encode(first.encoder, graph.view())
    assert torch.equal(encode(copy.deepcopy(first).encoder, graph.view()), expected)
    assert torch.equal(encode(second.encoder, graph.view()), expected)
    assert not [key for key in first.state_dict() if "encoder.convs.0.lin.weight" in key[:28]]


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["parametrization.layers=projector"], "layers='projector': no weight matrix there"),
        (["parametrization.layers=nose"], "layers must be one of all, encoder, projector"),
        (["recipe.weight_standardization=true"], "weight_standardization=true changes the weights"),
        (["objective=raw"], "layers='all': no weight matrix there"),
    ],
)
def test_what_cannot_be_constrained_is_one_line(overrides, message, graph):
    with pytest.raises(ConfigError) as error:
        made(graph, "parametrization=orthogonal", *overrides)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_shared_weight_and_no_iteration_are_one_line():
    with pytest.raises(ConfigError, match="several layers share the weight first"):
        orthogonal(Tied())
    with pytest.raises(ConfigError, match=r"parametrization.iterations .* got 0"):
        spectral(nn.Linear(3, 3), iterations=0)
