"""What happens inside a training step, in which order, and with which numbers."""

from dataclasses import dataclass, field

import pytest
import torch
from torch import nn
from torch_geometric.nn import GCNConv

from graphssl.augmentation.two_views import TwoViews
from graphssl.contracts import Regularizer, StepOutput
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.heads import MLPHead
from graphssl.objectives.bgrl import BGRL
from graphssl.objectives.byol import BYOL
from graphssl.regularizers.none import NoRegularizer
from graphssl.schedules import ema_momentum, warmup_constant, warmup_cosine
from graphssl.training.loop import TrainingState, train
from graphssl.training.settings import TrainerSettings


class Spied(nn.Module):
    """Loss ``w^2 / 2`` of one weight; notes what is asked of it."""

    def __init__(self, events):
        super().__init__()
        self.encoder = nn.Linear(2, 2, bias=False)
        self.events = events

    def forward(self, view1, view2):
        self.events.append(("forward", self.training))
        return StepOutput(self.encoder.weight.square().sum() / 2, ())

    def trainable_parameters(self):
        yield from self.encoder.parameters()

    def after_step(self, step, total):
        self.events.append(("after_step", step, total))


@dataclass(eq=False)
class SpiedPenalty(Regularizer):
    events: list = field(default_factory=list)

    def __call__(self, weights, output):
        self.events.append(("penalty",))
        penalty = NoRegularizer()(weights, output)
        weight = weights["encoder"]
        return type(penalty)(total=weight.sum(), per_layer={})

    def at(self, step, total):
        self.events.append(("at", step, total))
        return self

    def decoupled_step(self, weights, lr):
        self.events.append(("decoupled", lr))


class SpiedSGD(torch.optim.SGD):
    def step(self, closure=None):
        self.events.append(("step", self.param_groups[0]["lr"]))
        return super().step(closure)


def sgd(parameters, lr):
    optimizer = SpiedSGD(parameters, lr=lr)
    optimizer.param_groups[0]["initial_lr"] = lr
    optimizer.events = []
    return optimizer


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_a_step_in_order_with_its_learning_rate_and_penalty(graph, schedule):
    events, total, rate = [], 5, 0.1
    objective = Spied(events)
    optimizer = sgd(objective.trainable_parameters(), rate)
    optimizer.events = events
    expected_weight = objective.encoder.weight.detach().clone()
    train(
        TrainingState(objective, optimizer, torch.Generator()), graph, TwoViews({}, {}),
        SpiedPenalty(events=events), TrainerSettings(steps=total, warmup=0.4, schedule=schedule),
        [lambda report: events.append(("observed", report.step, report.learning_rate))],
    )  # fmt: skip
    expected = []
    for step in range(total):
        cosine = warmup_cosine(step, total, 2)
        lr = rate * (cosine if schedule == "cosine" else warmup_constant(step, 2))
        expected += [
            ("at", step, total), ("forward", True), ("penalty",), ("decoupled", lr), ("step", lr),
            ("after_step", step + 1, total), ("observed", step + 1, lr),
        ]  # fmt: skip
        expected_weight -= lr * (expected_weight + 1)  # of w^2 / 2 and of the penalty, w
    assert events == expected
    torch.testing.assert_close(objective.encoder.weight.detach(), expected_weight)


def test_a_constant_learning_rate_rises_first():
    assert [warmup_constant(step, 2) for step in range(4)] == [0.0, 0.5, 1.0, 1.0]
    assert warmup_constant(0, 0) == 1.0


@pytest.mark.parametrize("kind", ["bgrl", "byol"])
def test_targets_follow_the_weights_after_the_optimizers_step(graph, kind):
    torch.manual_seed(0)
    encoder = ConvStack(20, [8, 4], GCNConv, nn.PReLU)
    objective = (
        BGRL(encoder, MLPHead, ema=0.9)
        if kind == "bgrl"
        else BYOL(encoder, MLPHead, MLPHead, projection_channels=6, ema=0.9)
    )
    pairs = [("encoder", "target_encoder")]
    pairs += [("projector", "target_projector")] if kind == "byol" else []
    targets = {t: [p.clone() for p in getattr(objective, t).parameters()] for _, t in pairs}

    def follow(report):
        momentum = ema_momentum(report.step - 1, 4, 0.9)
        for online, target in pairs:
            moved = getattr(objective, target).parameters()
            now = getattr(objective, online).parameters()
            for old, new, weight in zip(targets[target], moved, now, strict=True):
                old.mul_(momentum).add_(weight.detach(), alpha=1 - momentum)
                torch.testing.assert_close(new, old)

    with torch.no_grad():
        optimizer = sgd(list(objective.trainable_parameters()), 0.5)
    settings = TrainerSettings(steps=4, warmup=0.0)
    state = TrainingState(objective, optimizer, torch.Generator())
    train(state, graph, TwoViews({}, {}), NoRegularizer(), settings, [follow])
    assert ema_momentum(0, 4, 0.9) == pytest.approx(0.9)
