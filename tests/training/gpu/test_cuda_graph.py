"""Capturing a step: its bookkeeping on a CPU, with a graph that runs the step when replayed."""

import copy
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from small_bgrl import bgrl
from torch import nn
from torch_geometric.nn import GATConv

from graphssl.encoders.fast import gat_propagation, shapes
from graphssl.encoders.prelu import PReLU
from graphssl.errors import ConfigError, TrainingError
from graphssl.regularizers.sum import Sum
from graphssl.regularizers.werank import WERank
from graphssl.training import loop
from graphssl.training.gpu.cuda_graph import WARMUP, CapturedStep, captures
from graphssl.training.settings import TrainerSettings


class FakeCuda:
    """``torch.cuda`` as the capture uses it: what is captured runs, but leaves nothing behind."""

    def __init__(self):
        self.replays, self.captures, self.registered = 0, 0, []

    def attach(self, step):
        self.captured = step

    def Stream(self, device):  # noqa: N802
        return SimpleNamespace(wait_stream=lambda other: None)

    current_stream = Stream

    def stream(self, stream):
        return nullcontext()

    def CUDAGraph(self):  # noqa: N802
        return SimpleNamespace(replay=self._replay, register_generator_state=self.registered.append)

    def graph(self, graph, stream):
        return _Capture(self)

    def _replay(self):
        self.replays += 1
        loss, penalty = self.captured.step(self.captured.regularizer)
        static_loss, static_penalty = self.captured._output
        static_loss.copy_(loss)
        static_penalty.total.copy_(penalty.total)


class _Capture:
    def __init__(self, cuda):
        self.cuda = cuda

    def __enter__(self):
        self.cuda.captures += 1
        state = self.cuda.state
        assert all(group["capturable"] for group in state.optimizer.param_groups)
        self.saved = copy.deepcopy((state.objective.state_dict(), state.optimizer.state_dict()))
        self.stream = state.generator.get_state()

    def __exit__(self, *error):
        state = self.cuda.state
        state.objective.load_state_dict(self.saved[0])
        for group in self.saved[1]["param_groups"]:
            group["capturable"] = False
        state.optimizer.load_state_dict(self.saved[1])
        state.generator.set_state(self.stream)


@pytest.fixture
def fake_cuda(monkeypatch):
    cuda = FakeCuda()

    class Attached(CapturedStep):
        def __init__(self, *args):
            super().__init__(*args)
            cuda.attach(self)

    for name in ("Stream", "current_stream", "stream", "CUDAGraph", "graph"):
        monkeypatch.setattr(torch.cuda, name, getattr(cuda, name))
    monkeypatch.setattr(loop, "captures", lambda *args: True)
    monkeypatch.setattr(loop, "CapturedStep", Attached)
    monkeypatch.setattr(PReLU, "forward", nn.PReLU.forward)
    monkeypatch.setattr(gat_propagation, "supports_graph", lambda graph: False)
    monkeypatch.setattr(shapes, "may_follow_masks", lambda graph: False)

    def prepare(state):
        cuda.state = state
        for group in state.optimizer.param_groups:
            group["fused"] = True

    cuda.prepare = prepare
    return cuda


def test_replayed_steps_are_the_steps(fake_cuda, training, monkeypatch):
    captured = training(10, prepare=fake_cuda.prepare)
    assert (fake_cuda.captures, fake_cuda.replays) == (1, 10 - WARMUP)
    assert fake_cuda.registered == [fake_cuda.state.generator]
    assert not any(group["capturable"] for group in fake_cuda.state.optimizer.param_groups)
    monkeypatch.setattr(loop, "captures", lambda *args: False)
    assert training(10, prepare=fake_cuda.prepare) == captured
    assert len(set(captured)) == 10


def test_a_step_that_reads_from_the_device_goes_on_uncaptured(fake_cuda, training):
    gat = partial(bgrl, conv=partial(GATConv, heads=2))
    assert len(training(6, make=gat, prepare=fake_cuda.prepare)) == 6
    assert fake_cuda.captures == 0
    with pytest.raises(ConfigError, match=r"cuda_graph=true: .* index with a boolean mask"):
        training(6, make=gat, prepare=fake_cuda.prepare, cuda_graph=True)


@pytest.mark.parametrize("schedule", ["warmup", "cosine"])
def test_an_alpha_that_changes_goes_on_uncaptured(fake_cuda, training, schedule):
    werank = Sum({"one": WERank(alpha=0.1, schedule=schedule), "two": WERank(alpha=0.1)})
    training(6, regularizer=werank, prepare=fake_cuda.prepare)
    assert fake_cuda.captures == 0
    with pytest.raises(ConfigError, match="alpha changes from step to step"):
        training(6, regularizer=werank, prepare=fake_cuda.prepare, cuda_graph=True)


def test_a_constant_alpha_is_the_same_object_at_every_step():
    werank = WERank(alpha=0.1)
    both = Sum({"one": werank})
    assert all(werank.at(step, 9) is werank and both.at(step, 9) is both for step in range(9))


def test_a_capture_that_fails_says_what_to_do(fake_cuda, training, monkeypatch):
    def refuse(graph, stream):
        raise RuntimeError("operation not permitted\nwhen stream is capturing")

    monkeypatch.setattr(torch.cuda, "graph", refuse)
    with pytest.raises(TrainingError, match=r"permitted when .*; set trainer\.cuda_graph=false"):
        training(6, prepare=fake_cuda.prepare)


OBSTACLES = {
    "it needs a GPU, got trainer.device=cpu": {"device": "cpu"},
    "trainer.profile=true times its parts": {"profile": True},
    "optimizer Adagrad keeps its learning rate": {"optimizer": torch.optim.Adagrad},
    "objective Linear does not set static_forward": {"objective": nn.Linear(2, 2)},
}


@pytest.mark.parametrize("reason", list(OBSTACLES))
def test_what_cannot_be_captured_says_why(reason):
    given = {
        "device": "cuda", "profile": False, "optimizer": torch.optim.AdamW, "objective": bgrl(4),
        **OBSTACLES[reason],
    }  # fmt: skip
    objective, device = given["objective"], torch.device(given["device"])
    optimizer = given["optimizer"](objective.parameters(), lr=0.1)

    def ask(cuda_graph):
        settings = TrainerSettings(9, profile=given["profile"], cuda_graph=cuda_graph)
        return captures(settings, objective, optimizer, device)

    assert not ask("auto")
    assert not ask(False)
    with pytest.raises(ConfigError, match=rf"cuda_graph=true: .*{reason}"):
        ask(True)


def test_what_can_be_captured():
    objective = bgrl(4)
    optimizer = torch.optim.AdamW(objective.parameters(), lr=0.1)
    for wish in ("auto", True):
        settings = TrainerSettings(9, cuda_graph=wish)
        assert captures(settings, objective, optimizer, torch.device("cuda", 1))


def test_true_without_a_gpu_is_one_line(small_run):
    with pytest.raises(ConfigError, match=r"trainer\.cuda_graph=true: .* trainer\.device=cpu$"):
        small_run("trainer.cuda_graph=true")
