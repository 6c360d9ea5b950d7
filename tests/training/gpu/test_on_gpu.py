"""On a GPU: captured against uncaptured, GPU against CPU, its precisions, and claims.

``python -m benchmarks.gpu`` runs these and prints the tables that docs/performance.md needs.
"""

import json
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
import torch

from graphssl.augmentation.two_views import TwoViews
from graphssl.training import device
from graphssl.training.checkpoint import Checkpointer
from graphssl.training.device import claimed_device
from graphssl.training.gpu.cuda_graph import CapturedStep

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")

SGD = partial(torch.optim.SGD, lr=1e-2, momentum=0.9)


@pytest.fixture
def replays(monkeypatch):
    """Counts what was captured and replayed."""
    counts = {"captures": 0, "replays": 0}
    capture = CapturedStep._capture

    def counted(self):
        graph = capture(self)
        counts["captures"] += 1
        replay = graph.replay

        class Counted:
            def replay(self):
                counts["replays"] += 1
                replay()

        return Counted()

    monkeypatch.setattr(CapturedStep, "_capture", counted)
    return counts


@pytest.mark.parametrize(
    "options",
    [{}, {"optimizer": SGD}, {"grad_clip": 0.1}, {"precision": "tf32"}, {"precision": "bf16"}],
    ids=["adamw", "sgd", "clipped", "tf32", "bf16"],
)
def test_captured_equals_uncaptured_over_twenty_steps(training, replays, options):
    uncaptured = training(20, device="cuda", cuda_graph=False, **options)
    assert replays["captures"] == 0
    captured = training(20, device="cuda", cuda_graph=True, **options)
    assert replays == {"captures": 1, "replays": 17}
    assert captured == uncaptured  # to the last bit


class FixedMasks:
    """Views from masks drawn on the CPU."""

    def __init__(self, graph, device):
        stream = torch.Generator().manual_seed(1)
        sizes = (graph.num_features, graph.num_edges) * 2
        masks = [[torch.rand(n, generator=stream) > 0.3 for n in sizes] for _ in range(10)]
        self.masks = iter([[mask.to(device) for mask in step] for step in masks])

    def __call__(self, view, generator):
        f1, e1, f2, e2 = next(self.masks)
        return view.keep_features(f1).keep_edges(e1), view.keep_features(f2).keep_edges(e2)


def test_a_gpu_agrees_with_the_cpu_under_fixed_masks(training, graph):
    on_cpu, on_gpu = (
        training(10, device=d, augmentation=FixedMasks(graph, d), cuda_graph=False)
        for d in ("cpu", "cuda")
    )
    assert on_gpu == pytest.approx(on_cpu, rel=1e-4)


def test_masks_are_drawn_anew_in_every_replay(training):
    assert len(set(training(20, device="cuda", cuda_graph=True))) == 20


def test_without_masks_every_step_sees_the_same(training):
    nothing = TwoViews({}, {})
    first = training(8, device="cuda", cuda_graph=True, augmentation=nothing)
    assert first == training(8, device="cuda", cuda_graph=True, augmentation=nothing)


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_a_run_in_less_precision(small_run, precision):
    exact = losses(small_run("trainer.device=cuda"))
    rounded = losses(small_run("trainer.device=cuda", f"trainer.precision={precision}"))
    assert rounded == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("encoder", ["gat", "gin", "pyg_gcn"])
def test_other_encoders_run_uncaptured(small_run, replays, encoder):
    assert len(losses(small_run("trainer.device=cuda", f"encoder={encoder}"))) == 20
    assert replays["captures"] == 0


def test_a_captured_run_goes_on_from_its_checkpoint(small_run, monkeypatch):
    whole = losses(small_run("trainer.device=cuda", "trainer.eval_every=0", "force=true"))

    save = Checkpointer.save

    def save_and_die(self, state):
        save(self, state)
        raise KeyboardInterrupt

    options = ("trainer.device=cuda", "trainer.eval_every=0", "trainer.checkpoint_every=12")
    with monkeypatch.context() as patched:
        patched.setattr(Checkpointer, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            small_run(*options, "force=true")
    resumed = small_run(*options)
    assert resumed.training["resumed_from"] == 12
    assert losses(resumed) == pytest.approx(whole, rel=1e-6)


class WaitedError(Exception):
    """In place of waiting for a GPU."""


def test_two_jobs_never_share_an_automatic_gpu(monkeypatch):
    def wait(seconds):
        raise WaitedError

    monkeypatch.setattr(device.time, "sleep", wait)
    count = torch.cuda.device_count()
    with ExitStack() as stack:
        claims = [stack.enter_context(claimed_device("auto", "fp32")) for _ in range(count)]
        assert len(set(claims)) == count
        with pytest.raises(WaitedError), claimed_device("auto", "fp32"):
            pass
    with claimed_device("auto", "fp32") as freed:
        assert freed in claims


def losses(record):
    rows = map(json.loads, (Path(record.folder) / "metrics.jsonl").read_text().splitlines())
    return [row["loss"] for row in rows if "loss" in row]
