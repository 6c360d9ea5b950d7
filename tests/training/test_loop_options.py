import json
import math
from pathlib import Path

import pytest
import torch

from graphssl.errors import ConfigError, TrainingError
from graphssl.training.loop import LossWatch
from graphssl.training.settings import TrainerSettings


def losses(record):
    rows = map(json.loads, (Path(record.folder) / "metrics.jsonl").read_text().splitlines())
    return [row["loss"] for row in rows if "loss" in row]


@pytest.mark.parametrize("encoder", ["gcn", "gat"])
def test_bf16_follows_fp32_without_being_it(small_run, encoder):
    exact = losses(small_run(f"encoder={encoder}"))
    rounded = losses(small_run(f"encoder={encoder}", "trainer.precision=bf16"))
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.05)


def test_clipping_changes_training_only_where_the_gradient_is_longer(small_run):
    free = losses(small_run())
    assert losses(small_run("trainer.grad_clip=1e6")) == free
    assert losses(small_run("trainer.grad_clip=1e-3", "optimizer=sgd")) != losses(
        small_run("optimizer=sgd")
    )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_the_watch_names_the_first_step_that_is_not_finite(bad):
    class Report:
        total = 10

        def __init__(self, step, loss):
            self.step, self.loss = step, torch.tensor(loss)
            self.penalty = type("P", (), {"total": torch.tensor(0.0)})

    watch = LossWatch(5)
    for step, loss in enumerate([1.0, 0.5, bad, 0.1], start=1):
        watch(Report(step, loss))
    with pytest.raises(TrainingError, match=r"at step 3: .*last finite loss 0\.5"):
        watch(Report(5, bad))


BAD = {
    "steps": 0, "warmup": 1.0, "precision": "fp8", "grad_clip": 0.0, "log_every": 0,
    "eval_every": -1, "checkpoint_every": -1, "select": "best", "cuda_graph": "maybe",
    "matmul": "mkl",
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_a_setting_out_of_range_is_named_with_its_value(name):
    with pytest.raises(ConfigError, match=rf"trainer\.{name} .*{BAD[name]}"):
        TrainerSettings(**{"steps": 10, name: BAD[name]})


@pytest.mark.parametrize("name", ["steps", "warmup", "eval_every"])
def test_a_setting_of_the_wrong_type_is_named(name):
    with pytest.raises(ConfigError, match=rf"trainer\.{name} must be a .*number, .*, got 'x'"):
        TrainerSettings(**{"steps": 10, name: "x"})


def test_selection_needs_evaluations():
    with pytest.raises(ConfigError, match=r"trainer\.select=val_accuracy needs"):
        TrainerSettings(steps=10, select="val_accuracy", eval_every=0)
