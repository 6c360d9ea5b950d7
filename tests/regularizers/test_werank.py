"""WERank on networks, in a loop of its own and through the contract."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import GATConv, GCNConv, SAGEConv

from graphssl.contracts import StepOutput
from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import ConfigError
from graphssl.regularizers.werank import WERank

OUTPUT = StepOutput(torch.zeros(()), (torch.zeros(2, 2),))


def network(seed: int = 0) -> nn.ModuleDict:
    torch.manual_seed(seed)
    return nn.ModuleDict(
        {
            "encoder": nn.ModuleList([GCNConv(6, 5), SAGEConv(5, 4)]),
            "projector": nn.Linear(4, 7),
            "predictor": nn.Linear(7, 7),
            "target_encoder": GCNConv(6, 5).requires_grad_(False),
        }
    ).double()


def distance(weight: Tensor) -> Tensor:
    return torch.linalg.matrix_norm(weight @ weight.T - torch.eye(len(weight)).to(weight))


def test_total_and_per_layer_over_what_is_trained():
    net = network()
    penalty = WERank(alpha=0.1).penalty(net)
    lins = [net["encoder"][0].lin, net["encoder"][1].lin_l, net["encoder"][1].lin_r]
    expected = [distance(lin.weight) for lin in [*lins, net["projector"], net["predictor"]]]
    assert [v.item() for v in penalty.per_layer.values()] == pytest.approx(
        [v.item() for v in expected], rel=1e-12
    )
    assert not any(v.requires_grad for v in penalty.per_layer.values())
    torch.testing.assert_close(penalty.total, 0.1 * sum(expected))


def test_the_contract_takes_weights_and_gives_the_same():
    net = network()
    weights = layer_weights(net, trainable=True)
    assert torch.equal(WERank()(weights, OUTPUT).total, WERank().penalty(net).total)


@pytest.mark.parametrize("options", [{"norm": "frobenius_squared"}, {"gram": "input"}])
def test_norm_and_gram_reach_the_formula(options):
    weight = network()["projector"].weight
    G = weight.T @ weight if "gram" in options else weight @ weight.T
    expected = torch.linalg.matrix_norm(G - torch.eye(len(G)).double())
    got = WERank(alpha=1.0, **options).penalty([weight]).total
    torch.testing.assert_close(got, expected**2 if "norm" in options else expected)


@pytest.mark.parametrize(
    ("part", "count"), [("encoder", 3), ("projector", 1), ("predictor", 1), ("all", 5)]
)
def test_layers_selects_a_part(part, count):
    names = list(WERank(layers=part).penalty(network()).per_layer)
    assert len(names) == count
    assert part == "all" or all(name.startswith(f"{part}.") or name == part for name in names)


def test_alpha_by_pattern():
    net = network()
    penalty = WERank(alpha={"encoder.1.*": 0.5, "pred*": 0.0}).penalty(net)
    assert list(penalty.per_layer) == ["encoder.1.lin_l", "encoder.1.lin_r", "predictor"]
    expected = 0.5 * (distance(net["encoder"][1].lin_l.weight))
    expected = expected + 0.5 * distance(net["encoder"][1].lin_r.weight)
    torch.testing.assert_close(penalty.total, expected)
    penalty.total.backward()
    assert net["predictor"].weight.grad is None


def test_heads_jointly_or_separately():
    conv = GATConv(6, 3, heads=2)
    weight = conv.lin.weight
    joint = WERank(alpha=1.0).penalty(conv)
    torch.testing.assert_close(joint.total, distance(weight))
    separate = WERank(alpha=1.0, heads="separately").penalty(conv)
    assert list(separate.per_layer) == ["lin.heads.0", "lin.heads.1"]
    torch.testing.assert_close(separate.total, distance(weight[:3]) + distance(weight[3:]))
    through_contract = WERank(alpha=1.0, heads="separately")(layer_weights(conv), OUTPUT)
    assert torch.equal(through_contract.total, separate.total)


def test_alpha_over_the_steps():
    net = network()
    werank = WERank(alpha=0.2, schedule="warmup", schedule_steps=10)
    full = WERank(alpha=0.2).penalty(net).total
    assert werank.at(0, 100).penalty(net).total == 0
    torch.testing.assert_close(werank.at(5, 100).penalty(net).total, 0.5 * full)
    assert torch.equal(werank.at(10, 100).penalty(net).total, full)
    assert torch.equal(werank.penalty(net).total, full)  # at() leaves the original alone


def test_alpha_zero_is_no_autograd_work_and_an_exact_zero():
    net = network()
    werank = WERank(alpha=0.0)
    penalty = werank.penalty(net)
    assert penalty.total.item() == 0.0
    assert not penalty.total.requires_grad
    assert min(penalty.per_layer.values()) > 0  # still there to be logged


@pytest.mark.parametrize("apply", ["loss", "decoupled"])
@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW])
def test_alpha_zero_trains_to_the_same_bits(apply, optimizer):
    werank = WERank(alpha=0.0, apply=apply)
    for a, b in zip(train(werank, optimizer), train(None, optimizer), strict=True):
        assert torch.equal(a, b)


def train(werank: WERank | None, optimizer: type[torch.optim.Optimizer]) -> list[Tensor]:
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 4)).double()
    x, y = torch.randn(20, 6).double(), torch.randn(20, 4).double()
    moves = optimizer(model.parameters(), lr=0.05, weight_decay=0.0)
    for _ in range(8):
        loss = (model(x) - y).square().mean()
        if werank is not None:
            loss = loss + werank.penalty(model).total
        moves.zero_grad()
        loss.backward()
        if werank is not None:
            werank.decoupled_step(model, lr=0.05)
        moves.step()
    return [p.detach() for p in model.parameters()]


@pytest.mark.parametrize("norm", ["frobenius", "frobenius_squared"])
def test_decoupled_and_loss_agree_under_sgd(norm):
    runs = [
        train(WERank(alpha=0.1, norm=norm, apply=apply), torch.optim.SGD)
        for apply in ("loss", "decoupled")
    ]
    for in_loss, decoupled in zip(*runs, strict=True):
        torch.testing.assert_close(decoupled, in_loss, rtol=1e-12, atol=1e-13)
    assert not torch.equal(runs[0][0], train(None, torch.optim.SGD)[0])


def test_decoupled_step_against_autograd():
    net = network()
    weight = net["projector"].weight
    before = weight.detach().clone().requires_grad_()
    distance(before).backward()
    WERank(alpha={"projector": 0.3}, apply="decoupled").decoupled_step(net, lr=0.1)
    torch.testing.assert_close(weight.detach(), before.detach() - 0.03 * before.grad)
    assert weight.grad is None
    assert WERank(apply="decoupled").penalty(net).total.item() == 0.0


def test_it_lowers_itself_in_a_foreign_loop():
    model = nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 4))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    werank = WERank(alpha=1.0)
    before = werank.penalty(model).total.item()
    for _ in range(200):
        optimizer.zero_grad()
        werank.penalty(model).total.backward()
        optimizer.step()
    assert werank.penalty(model).floors == pytest.approx({"0": 3**0.5, "2": 0.0})
    assert werank.penalty(model).floor == pytest.approx(3**0.5)
    assert werank.penalty(model).total.item() < 0.2 * (before - 3**0.5) + 3**0.5


def test_it_says_once_which_matrices_it_takes(caplog):
    werank = WERank(schedule="cosine")
    with caplog.at_level(logging.INFO, "graphssl"):
        for step in range(3):
            werank.at(step, 10).penalty(nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4)))
    assert caplog.messages == ["WERank penalises 0 (5 x 6), 1 (4 x 5)"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -0.1}, "alpha .* got -0.1"),
        ({"alpha": {"encoder*": float("nan")}}, r"alpha of 'encoder\*' .* got nan"),
        ({"norm": "nuclear"}, "norm must be one of frobenius, .* got 'nuclear'"),
        ({"gram": "both"}, "gram must be one of output, .* got 'both'"),
        ({"layers": "decoder"}, "layers must be one of .* got 'decoder'"),
        ({"heads": "all"}, "heads must be one of .* got 'all'"),
        ({"schedule": "step"}, "schedule must be one of .* got 'step'"),
        ({"apply": "both"}, "apply must be one of .* got 'both'"),
        ({"schedule": "warmup", "schedule_steps": 0}, "schedule_steps .* got 0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ConfigError, match=message):
        WERank(**options)


def computed() -> nn.Module:
    return nn.utils.parametrizations.orthogonal(nn.Linear(4, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: WERank().penalty(nn.ReLU()), "layers='all': no weight matrix"),
        (
            lambda: WERank(layers="encoder").penalty(nn.ModuleDict({"net": nn.Linear(3, 2)})),
            "layers='encoder': no weight matrix there; layers found: net",
        ),
        (lambda: WERank(alpha={"x*": 1.0}).penalty(network()), "encoder.0.lin, encoder.1.lin_l"),
        (lambda: WERank(schedule="warmup", schedule_steps=9).at(0, 8), "schedule_steps .* got 9"),
        (
            lambda: WERank(heads="separately").penalty([torch.eye(2)]),
            "heads='separately' needs a network .* got list",
        ),
        (
            lambda: WERank(apply="decoupled").decoupled_step(computed(), lr=0.1),
            "apply='decoupled': weight is computed",
        ),
    ],
)
def test_bad_use(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
