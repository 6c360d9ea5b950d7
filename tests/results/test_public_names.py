"""Ids and old records do not depend on where a class's file lies."""

import json
from importlib import import_module
from pathlib import Path

import pytest
import torch
import yaml

import graphssl
from graphssl.cli import compose
from graphssl.config.compose import resolved
from graphssl.config.folder import config_dir
from graphssl.results.identity import identity
from graphssl.results.public_names import public_name, with_public_names

OLD = {
    "graphssl.augmentation.two_views.TwoViews": "graphssl.augmentation.TwoViews",
    "graphssl.data.pyg.PyGDataset": "graphssl.data.PyGDataset",
    "graphssl.encoders.conv_stack.ConvStack": "graphssl.encoders.ConvStack",
    "graphssl.encoders.pyg_model.pyg_model": "graphssl.encoders.pyg_model",
    "graphssl.objectives.bgrl.BGRL": "graphssl.objectives.BGRL",
    "graphssl.probing.protocols.RandomSplits": "graphssl.probing.RandomSplits",
    "graphssl.regularizers.werank.WERank": "graphssl.regularizers.WERank",
    "graphssl.training.trackers.WandB": "graphssl.training.WandB",
}


def targets(node):
    if isinstance(node, dict):
        if "_target_" in node:
            yield node["_target_"]
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from targets(value)


@pytest.mark.parametrize("old", OLD)
def test_a_name_that_tells_the_file_becomes_the_public_one(old):
    assert public_name(old) == OLD[old]
    assert public_name(OLD[old]) == OLD[old]


@pytest.mark.parametrize("name", ["torch.optim.AdamW", "my.deep.module.Mine", "graphssl.version"])
def test_other_names_stay(name):
    assert public_name(name) == name


def test_every_yaml_names_what_a_room_exports():
    found = set()
    for path in config_dir().rglob("*.yaml"):
        found |= {t for t in targets(yaml.safe_load(path.read_text())) if t.startswith("graphssl.")}
    found -= {"graphssl.sweeps.outcomes.ListUnfinished", "graphssl.sweeps.progress.CountJobs"}
    assert len(found) > 30
    for target in found:
        room, _, name = target.rpartition(".")
        assert target == public_name(target)
        assert name in import_module(room).__all__, target


def with_file_names(node):
    """As configurations were until behaviour version 2."""
    if isinstance(node, dict):
        named = {key: with_file_names(value) for key, value in node.items()}
        before = {new: old for old, new in OLD.items()}
        if "_target_" in named:
            named["_target_"] = before.get(named["_target_"], named["_target_"])
        return named
    return [with_file_names(value) for value in node] if isinstance(node, list) else node


def test_the_id_is_the_same_under_either_name():
    config = resolved(compose(["dataset=cora", "regularizer=werank"])[0])
    old = with_file_names(config)
    assert old != config
    assert with_public_names(old) == config
    assert identity(old) == identity(config)


def test_the_encoder_of_an_old_folder_loads(small_run):
    folder = Path(small_run("objective=untrained", "probe=[]").folder)
    encoder = graphssl.load_run(folder)
    content = json.loads((folder / "record.json").read_text())
    content |= {"behaviour_version": 2, "config": with_file_names(content["config"])}
    (folder / "record.json").write_text(json.dumps(content))
    again = graphssl.load_run(folder)
    x, edges = torch.randn(5, 64), torch.tensor([[0, 1], [1, 2]])
    assert torch.equal(again(x, edges), encoder(x, edges))


def test_the_public_api_is_what_it_says():
    for name in graphssl.__all__:
        assert getattr(graphssl, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'wernak'"):
        _ = graphssl.wernak
