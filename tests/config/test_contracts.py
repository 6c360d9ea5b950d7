"""What a custom class gets wrong is one line; what it raises is its own frames."""

import sys

import pytest
from tests.forked import shell

import graphssl
from graphssl.errors import ConfigError

MODULE = '''
from dataclasses import dataclass

import torch
from torch import nn

from graphssl.encoders import encode_pair
from graphssl.objectives import Objective, StepOutput
from graphssl.regularizers import Penalty, Regularizer


class Encoder(nn.Module):
    def __init__(self, in_channels, width=4):
        super().__init__()
        self.lin = nn.Linear(in_channels, width)
        self.out_channels = width

    def reset_parameters(self):
        self.lin.reset_parameters()

    def forward(self, x, edge_index, edge_weight=None):
        return self.lin(x)


class NoWidth(Encoder):
    def __init__(self, in_channels):
        super().__init__(in_channels)
        self.out_channels = "four"


class NoReset(Encoder):
    reset_parameters = None


class OneArgument(Encoder):
    def forward(self, x):
        return self.lin(x)


class NoModule:
    def __init__(self, in_channels):
        self.out_channels = 4


class Invariance(Objective):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, view1, view2):
        h1, h2 = encode_pair(self.encoder, view1, view2)
        return StepOutput((h1 - h2).square().mean(), (h1, h2))


class PlainModule(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, view1, view2):
        return None


class KeepsNoEncoder(Invariance):
    def __init__(self, encoder):
        nn.Module.__init__(self)
        self.online = encoder


class OneView(Invariance):
    def forward(self, view):
        return None


class Raises(Invariance):
    def forward(self, view1, view2):
        return self.helper()

    def helper(self):
        raise RuntimeError("the message of the custom class")


class RaisesWhenBuilt(Invariance):
    def __init__(self, encoder):
        raise RuntimeError("the message of the constructor")


class OnlyCall(Regularizer):
    def __call__(self, weights, output):
        each = {name: weight.square().sum() for name, weight in weights.items()}
        return Penalty(1e-4 * sum(each.values()), each)


class Plain:
    def __call__(self, weights, output):
        return None


class OneArgumentPenalty(Regularizer):
    def __call__(self, weights):
        return None


@dataclass(frozen=True)
class Entries:
    p: float

    def __call__(self, view, generator):
        return view.keep_features(torch.rand(view.x.shape, generator=generator) >= self.p)


class WrongMask:
    def __call__(self, view, generator):
        return view.keep_edges(torch.ones(3, dtype=torch.bool))


class NoViews:
    """No TwoViews, and no strength."""

    def __call__(self, view, generator):
        return view, view


class NoLoad:
    def __init__(self, **options):
        pass


class NoScore:
    name, has_validation = "mine", False

    def splits(self, dataset, seed):
        return []
'''


@pytest.fixture(autouse=True)
def custom(tmp_path, monkeypatch):
    (tmp_path / "custom_classes.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("custom_classes", None)


def objective(name):
    return ("~objective", f"+objective={{_target_:custom_classes.{name}}}")


def encoder(name):
    return ("~encoder", f"+encoder={{_target_:custom_classes.{name}}}")


def regularizer(name):
    return ("~regularizer", f"+regularizer={{_target_:custom_classes.{name}}}")


TWO_VIEWS = "_target_:graphssl.augmentation.TwoViews"


def edges(name):
    view = f"{{mine:{{_target_:custom_classes.{name}}}}}"
    return ("~augmentation", f"+augmentation={{{TWO_VIEWS},view1:{view},view2:{{}}}}")


@pytest.mark.parametrize(
    "options",
    [
        encoder("Encoder"),
        objective("Invariance"),
        regularizer("OnlyCall"),
        ("~augmentation", "+augmentation={_target_:custom_classes.NoViews}"),
        (
            "augmentation=none",
            "+augmentation.view1.mine={_target_:custom_classes.Entries,p:0.5}",
            "augmentation.strength=0.5",
        ),
        (
            "augmentation=none",
            "+augmentation.view1.mine={_target_:custom_classes.Entries,p:0.5}",
            "encoder=gat",
        ),
    ],
    ids=" ".join,
)
def test_a_class_that_keeps_its_contract_trains(small_run, options):
    assert small_run(*options, "probe=[]").training["steps"] == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            encoder("NoWidth"),
            r"custom_classes\.NoWidth needs an attribute out_channels.*'four'",
        ),
        (encoder("NoReset"), r"custom_classes\.NoReset needs a method reset_parameters\(\)"),
        (encoder("OneArgument"), r"OneArgument: forward is called with \(x, edge_index\)"),
        (encoder("NoModule"), r"custom_classes\.NoModule must be a torch\.nn\.Module"),
        (
            objective("PlainModule"),
            r"PlainModule must be a subclass of graphssl\.objectives",
        ),
        (
            objective("KeepsNoEncoder"),
            r"KeepsNoEncoder must keep the given encoder",
        ),
        (objective("OneView"), r"OneView: forward is called with \(view1, view2\)"),
        (regularizer("Plain"), r"Plain must be a subclass of graphssl.regularizers.Regularizer"),
        (regularizer("OneArgumentPenalty"), r"called with \(weights, output\)"),
        (edges("WrongMask"), r"keep_edges: the mask is torch\.bool of shape \(3,\)"),
        (("dataset._target_=custom_classes.NoLoad",), r"NoLoad needs a method load"),
        (
            ("probe=[]", "+probe.protocols.mine={_target_:custom_classes.NoScore}"),
            r"probe\.protocols\.mine custom_classes\.NoScore needs a method score",
        ),
        (
            (
                "~augmentation",
                "+augmentation={_target_:custom_classes.NoViews,strength:0.5}",
            ),
            "strength",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_a_broken_contract_is_one_line(small_run, options, message):
    with pytest.raises(ConfigError, match=message) as error:
        small_run(*options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "message", "frames"),
    [
        ("Raises", "RuntimeError: the message of the custom class", ["forward", "helper"]),
        ("RaisesWhenBuilt", "the message of the constructor", ["__init__"]),
    ],
)
def test_an_error_in_a_custom_class_shows_its_own_frames(tmp_path, name, message, frames):
    done = shell("dataset=karate", *objective(name), cwd=tmp_path)
    assert done.returncode == 1
    first, *rest = [x for x in done.stderr.splitlines() if not x.startswith("[")]
    assert first.startswith("graphssl: error: ")
    assert message in first
    shown = [line for line in rest if line.startswith("  File ")]
    assert [line.rpartition(" in ")[2] for line in shown] == frames
    assert all("custom_classes.py" in line for line in shown)


def test_the_same_from_python_is_the_error_itself(small_run):
    with pytest.raises(RuntimeError, match="the message of the custom class"):
        small_run(*objective("Raises"))
    assert graphssl.run is not None
