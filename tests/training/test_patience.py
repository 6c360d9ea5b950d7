"""Stopping early: what is waited for, which weights are kept, and that going on is exact."""

from pathlib import Path

import pytest
import torch
from tests.in_process import killed_after_checkpoint
from torch import nn

import graphssl
from graphssl.augmentation.two_views import TwoViews
from graphssl.contracts import StepOutput
from graphssl.errors import ConfigError
from graphssl.regularizers.none import NoRegularizer
from graphssl.training.loop import TrainingState, train
from graphssl.training.selection import LowestLoss, Selection
from graphssl.training.settings import TrainerSettings

LOSSES = [5.0, 3.0, 4.0, 2.0, 2.0, 6.0, 2.5, 1.0, 0.5]


class Scripted(nn.Module):
    """Has these losses, one per step; its weight counts the steps taken."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.calls = 0

    def forward(self, view1, view2):
        self.calls += 1
        loss = -(self.weight - self.weight.detach()).sum() + LOSSES[self.calls - 1]
        return StepOutput(loss, ())

    def trainable_parameters(self):
        yield self.weight

    def after_step(self, step, total):
        pass


def stopped(graph, patience):
    objective = Scripted()
    optimizer = torch.optim.SGD(objective.parameters(), lr=1.0)
    optimizer.param_groups[0]["initial_lr"] = 1.0
    state = TrainingState(objective, optimizer, torch.Generator())
    selection = Selection("loss")
    settings = TrainerSettings(
        steps=len(LOSSES), warmup=0.0, schedule="constant", select="loss", patience=patience
    )
    train(
        state, graph, TwoViews({}, {}), NoRegularizer(), settings,
        [LowestLoss(selection, objective)], stops=lambda step: selection.waited(step) >= patience,
    )  # fmt: skip
    selection.apply(objective)
    return state.step, selection.step, selection.best, objective.weight.item()


@pytest.mark.parametrize(
    ("patience", "expected"),
    [
        (1, (3, 2, 3.0, 1.0)),  # step 3 did not improve on step 2
        (2, (6, 4, 2.0, 3.0)),  # an equal loss is no improvement
        (4, (9, 9, 0.5, 8.0)),  # never waited that long
    ],
)
def test_training_stops_and_keeps_the_weights_that_had_the_lowest_loss(graph, patience, expected):
    """The loss of step t is that of the weights after t - 1 updates."""
    assert stopped(graph, patience) == expected


DGI = ("objective=dgi", "trainer.steps=400", "trainer.patience=3", "optimizer.lr=0.05", "probe=[]")


def encoder(record):
    return torch.load(Path(record.folder) / "encoder.pt", weights_only=True)


def test_a_run_that_stops_says_how_far_it_came_and_goes_on_exactly(
    small_config, tmp_path, monkeypatch
):
    args = [*small_config, *DGI, "trainer.checkpoint_every=2"]
    whole = graphssl.run([*args, f"paths.runs={tmp_path / 'whole'}"])
    assert 5 < whole.training["steps"] < 400
    assert whole.training["steps"] - whole.selection["step"] == 3
    assert whole.selection["metric"] == "loss"

    with killed_after_checkpoint(monkeypatch, 4):
        graphssl.run([*args, f"paths.runs={tmp_path / 'halves'}"])
    halves = graphssl.run([*args, f"paths.runs={tmp_path / 'halves'}"])
    assert halves.training["resumed_from"] == 4
    assert halves.training["steps"] == whole.training["steps"]
    assert halves.selection == whole.selection
    for key, value in encoder(whole).items():
        assert torch.equal(value, encoder(halves)[key]), key
    assert halves.diagnostics == whole.diagnostics


def test_patience_may_wait_for_an_evaluated_metric(small_run):
    record = small_run(
        "trainer.select=effective_rank_centred", "trainer.patience=5", "trainer.steps=400",
        "trainer.eval_every=1", "probe=[]",
    )  # fmt: skip
    assert record.training["steps"] - record.selection["step"] == 5


def test_nothing_more_is_trained_where_patience_had_run_out(graph):
    """As when a run is killed between its last step and its record."""
    objective = Scripted()
    optimizer = torch.optim.SGD(objective.parameters(), lr=1.0)
    state = TrainingState(objective, optimizer, torch.Generator(), step=4)
    settings = TrainerSettings(steps=9, warmup=0.0, select="loss", patience=1)
    train(
        state, graph, TwoViews({}, {}), NoRegularizer(), settings, [], stops=lambda step: step >= 4
    )
    assert (state.step, objective.calls) == (4, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patience": 5}, r"patience=5 needs a metric that can improve"),
        ({"patience": 0, "select": "loss"}, r"patience must be a whole number, 1 or more, got 0"),
        (
            {"patience": 2.5, "select": "loss"},
            r"patience must be a whole number, .*, got 2\.5",
        ),
    ],
)
def test_patience_out_of_range(options, message):
    with pytest.raises(ConfigError, match=message):
        TrainerSettings(steps=10, **options)
