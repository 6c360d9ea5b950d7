import sys

import pytest

from graphssl.errors import ConfigError
from graphssl.training.loggers import TensorBoard, WandB


@pytest.mark.parametrize(
    ("logger", "package", "module"),
    [(TensorBoard, "tensorboard", "torch.utils.tensorboard"), (WandB, "wandb", "wandb")],
)
def test_a_missing_package_is_named_with_the_command(
    logger, package, module, monkeypatch, tmp_path
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=rf'pip install "graphssl-werank\[{package}\]"'):
        logger(tmp_path, "name", {})


def test_tensorboard_gets_the_rows(small_run):
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    folder = small_run("logger=tensorboard").folder
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(f"{folder}/tensorboard").Reload()
    assert {"loss", "effective_rank_centred", "val_accuracy"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("loss")] == list(range(1, 21))


def test_tensorboard_shows_each_step_of_a_resumed_run_once(small_run, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from graphssl.training.metrics import StepMetrics

    log = StepMetrics.__call__

    def interrupted(self, report):
        log(self, report)
        if report.step == 15:
            raise KeyboardInterrupt

    options = ("logger=tensorboard", "trainer.checkpoint_every=6")
    with monkeypatch.context() as patch:
        patch.setattr(StepMetrics, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            small_run(*options)
    record = small_run(*options)
    assert record.training["resumed_from"] == 12
    events = EventAccumulator(f"{record.folder}/tensorboard").Reload()
    assert [event.step for event in events.Scalars("loss")] == list(range(1, 21))


def test_wandb_gets_the_rows(small_run):
    pytest.importorskip("wandb", reason="the extra `wandb` is not installed")
    folder = small_run("logger=wandb", "logger.mode=offline").folder
    from pathlib import Path

    assert list(Path(folder).rglob("*.wandb"))
