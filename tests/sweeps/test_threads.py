"""Threads of a run: said, implied by the launcher, or left alone."""

import logging

import pytest
import torch

from graphssl.cli import compose
from graphssl.errors import ConfigError
from graphssl.pipeline import run as pipeline
from graphssl.training import checkpoint

# Two threads on a busy machine wait for each other at every step.
SHORT = ("trainer.steps=2", "trainer.eval_every=0", "probe=[]")


def test_threads_are_set_for_the_run_and_put_back(small_run):
    before = torch.get_num_threads()
    assert small_run("trainer.threads=2", *SHORT).environment["threads"] == 2
    assert torch.get_num_threads() == before
    assert small_run("seed=1", *SHORT).environment["threads"] == before


@pytest.mark.parametrize(("said", "threads"), [("null", 3), ("2", 2)])
def test_what_is_said_wins_over_the_launcher(tmp_path, small_config, said, threads):
    paths = [f"paths.runs={tmp_path}", f"trainer.threads={said}"]
    record = pipeline.run(*compose([*small_config, *SHORT, *paths]), launcher_threads=3)
    assert record.environment["threads"] == threads


@pytest.mark.parametrize("said", ["0", "-1", "1.5", "many", "true"])
def test_bad_threads_are_one_line(small_run, said):
    with pytest.raises(ConfigError, match=r"^trainer\.threads must be .*, got "):
        small_run(f"trainer.threads={said}")


@pytest.mark.parametrize(("threads", "warned"), [(1, False), (2, True)])
def test_going_on_with_other_threads_is_a_warning(small_run, monkeypatch, caplog, threads, warned):
    save = checkpoint.save_atomically

    def save_and_die(content, path):
        save(content, path)
        if "step" in content:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_atomically", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            small_run("trainer.checkpoint_every=18", "trainer.threads=1", "probe=[]")
    record = small_run(f"trainer.threads={threads}", "probe=[]")
    assert record.training["resumed_from"] == 18
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert (
        any("begun with trainer.threads=1, resuming with 2" in line for line in warnings) == warned
    )
