"""Configurations composed from kept parts are Hydra's own, to the last key and its place."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from graphssl.config.compose import compose
from graphssl.config.composer import Composer
from graphssl.config.folder import config_dir
from hydra_plugins.graphssl_grids.sweeper import Grids, expand

EXPERIMENTS = sorted(path.stem for path in config_dir().glob("experiment/*.yaml"))
VALUES = ["seed=3", "trainer.steps=7", "recipe.channels=[8,4]", "+tags.study=a", "recipe.ema=0.5"]


@pytest.fixture
def hydra():
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def plainly(*overrides: str):
    return hydra_compose("config", list(overrides), return_hydra_config=True)


def text(config) -> str:
    """All of it, unresolved and in order, and how it may be changed."""
    flags = [config._get_flag("struct"), config._get_flag("readonly")]
    return json.dumps([OmegaConf.to_container(config, enum_to_str=True), flags], default=str)


def jobs_of(experiment: str, seen: set[str]) -> list[list[str]]:
    """Jobs of the experiment with each option of a group that is not in ``seen``, and adds it."""
    settings = OmegaConf.to_container(plainly(f"experiment={experiment}").hydra.sweeper)
    chosen: list[list[str]] = [[]]
    if "grids" in settings:
        names = ("grids", "each", "floors")
        grids = Grids(**{name: settings[name] for name in names if name in settings}).grids
        chosen = [job for grid in grids for job in expand(OverridesParser.create(), [grid], [])]
    left = []
    for job in chosen:
        groups = {o for o in job if "." not in o.partition("=")[0] and not o.startswith("seed=")}
        if not seen.issuperset(groups):
            seen.update(groups)
            left.append([f"experiment={experiment}", *job])
    return left or [[f"experiment={experiment}"]]


@pytest.mark.slow
def test_every_choice_of_every_experiment_is_composed_as_by_hydra(hydra):
    composer, seen = Composer(hydra), set()
    for experiment in EXPERIMENTS:
        for job in jobs_of(experiment, seen):
            composer([*job, "seed=99"])  # the same groups with other values come first
            assert text(composer(job)) == text(plainly(*job)), job
    more = [*job, *VALUES, "hydra.job.name=mine"]
    assert text(composer(more)) == text(plainly(*more))


@pytest.mark.parametrize(
    "overrides",
    [
        ["encoder=gat", "norm=layer", "encoder=gcn"],
        ["seed=1", "dataset=cora", "seed=2"],
        ["recipe=bgrl_cora", "recipe.steps=3"],
        ["~logger", "regularizer=werank", "regularizer.alpha={encoder: 0.1}"],
        ["probe=[grace,bgrl_official]", "~probe.protocols.grace"],
        ["+encoder.conv.dropout=0.5", "encoder=gat", "++encoder.conv.heads=2"],
        ["act={_target_: torch.nn.ReLU}", "~encoder", "+encoder={_target_: my.GCN, channels: 4}"],
        ["paths.runs=${oc.env:HOME}/runs", "dataset.name=${seed}"],
        ["experiment=table_main", "recipe.lr=1e-3", "profile=smoke"],
    ],
    ids=" ".join,
)
def test_overrides_of_every_kind_are_put_in_as_by_hydra(hydra, overrides):
    composer = Composer(hydra)
    for _ in range(2):
        assert text(composer(overrides)) == text(plainly(*overrides))


def test_one_configuration_is_not_another(hydra):
    composer = Composer(hydra)
    first, second = composer(["seed=1"]), composer(["seed=2"])
    first.trainer.steps = 5
    assert (first.seed, second.seed) == (1, 2)
    assert composer([]).trainer.steps == second.trainer.steps != 5


@pytest.mark.parametrize("wrong", ["encoder=gnc", "trainer.stps=3", "seed=1,2", "a=[", "~nothing"])
def test_what_is_wrong_is_said_by_hydra(hydra, wrong):
    said = []
    for make in (Composer(hydra, from_shell=False), lambda overrides: plainly(*overrides)):
        with pytest.raises(HydraException) as error:
            make(["seed=4", wrong])
        said.append(str(error.value))
    assert said[0] == said[1]


def test_an_edited_yaml_is_read_again(tmp_path: Path, monkeypatch):
    folder = tmp_path / "conf"
    shutil.copytree(config_dir(), folder)
    monkeypatch.setattr("graphssl.config.compose.config_dir", lambda: folder)
    assert compose(["norm=batch"])[0].recipe.steps == 300
    file = folder / "config.yaml"
    file.write_text(file.read_text().replace("steps: 300", "steps: 301"))
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    assert compose(["norm=batch"])[0].recipe.steps == 301


def test_files_are_read_once_per_choice_of_groups(hydra, monkeypatch):
    composer, read = Composer(hydra), []
    real = hydra.load_configuration

    def noting(name, overrides, *args, **kwargs):
        read.append(overrides)
        return real(name, overrides, *args, **kwargs)

    monkeypatch.setattr(hydra, "load_configuration", noting)
    for seed in range(3):
        for norm in ("batch", "layer"):
            composer([f"norm={norm}", f"seed={seed}"])
    assert read == [["norm=batch"], ["norm=layer"]]
