"""What a sweep may optimise, in which direction, and that what failed is never the best."""

import pytest
import torch
from omegaconf import OmegaConf
from tests.in_process import shell

from graphssl.diagnostics.summary import representation_diagnostics
from graphssl.errors import ConfigError
from graphssl.results import quantities
from graphssl.sweeps import optimize

VALIDATION = {"val_accuracy", "val_macro_f1", "val_roc_auc", "val_micro_f1", "val_score"}


def test_every_measure_of_a_record_has_a_direction():
    measured = set(representation_diagnostics(torch.randn(50, 8)).values) - {"few_nodes"}
    assert set(quantities.BETTER) == measured | VALIDATION


def test_the_directions_tell_a_collapsed_representation_from_one_that_is_not():
    torch.manual_seed(0)
    full = torch.randn(300, 16)
    bent = full * torch.logspace(0, -2, 16) + torch.tensor([3.0] + 15 * [0.0])
    good, bad = (representation_diagnostics(z).values for z in (full, bent))
    for name in set(quantities.BETTER) - VALIDATION:
        if good[name] != bad[name]:  # numerical rank is full in both
            better = max if quantities.BETTER[name][0] == "maximize" else min
            assert better(good[name], bad[name]) == good[name], name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("val_acc", r"^optimize=val_acc: no such quantity; did you mean val_accuracy or"),
        ("effective_rank", "did you mean effective_rank_centred or"),
        ("xyz", "there are val_accuracy, "),
        (None, "optimize=None: no such quantity"),
        (OmegaConf.create(["val_accuracy", "rank"]), "optimize=rank: no such quantity"),
        ([], "at least one quantity"),
    ],
)
def test_unknown_names_are_refused(name, message):
    with pytest.raises(ConfigError, match=message):
        quantities.names(name)


def test_directions_are_the_better_ones_unless_said():
    names = ["val_accuracy", "condition_number_centred"]
    assert optimize.directions(names, None) == ["maximize", "minimize"]
    said = OmegaConf.create(["minimize", "minimize"])
    assert optimize.directions(names, said) == ["minimize", "minimize"]
    (doubt,) = optimize.doubts(names, ["minimize", "minimize"])
    assert "direction=minimize for val_accuracy" in doubt
    assert "better to maximize it" in doubt
    for bad in ("maximise", "maximize", ["maximize"], [1, 2]):
        with pytest.raises(ConfigError, match=r"hydra\.sweeper\.direction"):
            optimize.directions(names, bad)


@pytest.mark.parametrize("mode", [(), ("-m", "seed=1,2")])
def test_an_unknown_name_is_refused_before_anything_runs(
    mode, tmp_path, small_config, monkeypatch, capsys
):
    code, err = shell(monkeypatch, capsys, tmp_path, *mode, *small_config, "optimize=val_acc")
    line = (
        "graphssl: error: optimize=val_acc: no such quantity; did you mean val_accuracy or "
        "val_roc_auc or val_macro_f1?"
    )
    assert (code, err) in [(1, [line]), (line, [])]
    assert not list(tmp_path.glob("runs/*bgrl*"))
