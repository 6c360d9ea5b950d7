"""From configuration to objects: what a constructor raises is one line with its key."""

import pytest
import torch
from omegaconf import OmegaConf

from graphssl.config import build
from graphssl.errors import ConfigError

THIS = "tests.test_build"


class Silent:
    def __init__(self, inner=None):
        raise KeyError


class Talks:
    def __init__(self, inner=None):
        raise RuntimeError("two\nlines")


class Loads:
    def __init__(self, **given):
        pass

    def load(self, data, mirror):
        raise AttributeError


def logger(folder, name, config):
    """Takes no ``resume_step``."""


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("Silent", r"KeyError without a message, raised in test_build.py:15"),
        ("Talks", "RuntimeError: two lines"),
    ],
)
def test_an_error_of_a_constructor_names_key_target_and_class(kind, words):
    config = OmegaConf.create({"objective": {"_target_": f"{THIS}.{kind}"}})
    with pytest.raises(ConfigError) as error:
        build.make(config.objective, "objective")
    assert str(error.value) == f"objective: {THIS}.{kind}: {words}"


def test_the_key_is_that_of_the_part_that_failed():
    config = OmegaConf.create(
        {"encoder": {"_target_": f"{THIS}.Loads", "conv": {"_target_": f"{THIS}.Silent"}}}
    )
    with pytest.raises(
        ConfigError, match=rf"^encoder\.conv: {THIS}\.Silent: KeyError without a message"
    ):
        build.make(config.encoder, "encoder")


def test_a_dataset_that_fails_without_words_names_the_class(small_run):
    with pytest.raises(ConfigError, match=r"^dataset: AttributeError"):
        small_run(f"dataset._target_={THIS}.Loads")


def test_a_logger_that_cannot_be_called_is_found_before_training(small_run, tmp_path):
    with pytest.raises(ConfigError, match=rf"^logger: {THIS}\.logger: .*'resume_step'"):
        small_run(f"+logger._target_={THIS}.logger", "+logger._partial_=true")
    assert not list(tmp_path.glob("runs/[!.]*"))


def test_a_default_dtype_that_an_encoders_module_sets_is_refused(small_run, monkeypatch):
    make = build.make

    def imports(config, name, **supplied):
        made = make(config, name, **supplied)
        if name == "encoder":
            torch.set_default_dtype(torch.float64)
        return made

    monkeypatch.setattr(build, "make", imports)
    try:
        with pytest.raises(ConfigError, match=r"set torch's default dtype to torch\.float64"):
            small_run()
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_null_group_is_one_error_in_python_too(small_run):
    with pytest.raises(ConfigError, match=r"^encoder=null: a group needs one of its options"):
        small_run("encoder=null")


def test_a_compiled_encoder_trains_with_werank_by_name(small_run):
    record = small_run(
        f"encoder._target_={THIS}.compiled", "regularizer=werank",
        "regularizer.alpha={encoder.convs.*:0.1}", "trainer.steps=2", "probe=[]",
    )  # fmt: skip
    assert "encoder.convs.0.lin/largest" in record.diagnostics["weights"]


def compiled(**given):
    from graphssl.encoders.conv_stack import ConvStack

    return torch.compile(ConvStack(**given), backend="eager")
