"""What a sweep may optimise, in which direction, and that what failed is never the best."""

import math
import sys

import pytest
import torch
from omegaconf import OmegaConf

from graphssl.cli import main
from graphssl.diagnostics.summary import representation_diagnostics
from graphssl.errors import ConfigError
from graphssl.results import quantities
from graphssl.sweeps import optimize

VALIDATION = {"val_accuracy", "val_macro_f1", "val_roc_auc", "val_score"}


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
    assert "minimize val_accuracy" in doubt
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


def shell(monkeypatch, capsys, cwd, *args):
    monkeypatch.chdir(cwd)
    monkeypatch.setattr(sys, "argv", ["graphssl", *args])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err.splitlines()


GRID = (
    "-m", "hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=1",
    "hydra.sweeper.n_trials=3",
)  # fmt: skip


@pytest.fixture
def searched(tmp_path, small_config, monkeypatch, capsys):
    """Searches with optuna in this process; jobs have the values given by their seed."""
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper", reason="extra `sweeps`")

    def search(values, *args):
        def run(config, threads):
            if values[config.seed] is None:
                raise ConfigError("no luck")
            return Recorded(values[config.seed])

        monkeypatch.setattr("graphssl.cli._run", run)
        code, err = shell(monkeypatch, capsys, tmp_path, *GRID, *small_config, *args)
        found = list(tmp_path.rglob("optimization_results.yaml"))
        return code, err, OmegaConf.load(found[0]) if found else None

    return search


class Recorded:
    def __init__(self, values):
        self.values = values

    def value(self, name):
        return self.values[name]


pytestmark = pytest.mark.filterwarnings("ignore")  # optuna 2's own


@pytest.mark.parametrize(
    ("direction", "best"),
    [
        ((), 1),
        (("hydra.sweeper.direction=maximize",), 1),
        (("hydra.sweeper.direction=minimize",), 0),
    ],
)
def test_a_failed_trial_is_never_the_best(searched, direction, best):
    values = [{"val_accuracy": 0.5}, {"val_accuracy": 0.7}, None]
    code, err, results = searched(values, "seed=0,1,2", *direction)
    assert code == 1
    assert any(line.startswith("graphssl: 1 job failed") for line in err)
    assert results.best_params == {"seed": best}
    assert ("minimize val_accuracy" in " ".join(err)) == (best == 0)


def test_a_loss_is_minimised_and_nan_is_no_value(searched):
    values = [{"uniformity": math.nan}, {"uniformity": -1.0}, {"uniformity": -3.0}]
    code, _, results = searched(values, "seed=0,1,2", "optimize=uniformity")
    assert (code, results.best_value) == (0, -3.0)


def test_of_several_quantities_each_has_its_direction(searched):
    names = ("val_accuracy", "uniformity")
    values = [dict(zip(names, v, strict=True)) for v in [(0.5, -3.0), (0.7, math.nan), (0.4, -1.0)]]
    code, _, results = searched(values, "seed=0,1,2", "optimize=[val_accuracy,uniformity]")
    assert code == 0
    assert [s["values"] for s in results.solutions] == [[0.5, -3.0]]


@pytest.mark.parametrize("optimized", ["val_accuracy", "[val_accuracy,uniformity]"])
def test_where_all_failed_nothing_is_best(searched, optimized):
    code, err, results = searched([None] * 3, "seed=0,1,2", f"optimize={optimized}")
    assert code == 1
    assert err[-1].endswith("no trial of this sweep has a value, so none is best")
    assert any(line.startswith("graphssl: 3 jobs failed") for line in err)
    assert not any("Best" in line for line in err)
    assert not (results or {}).get("solutions")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ("probe=[grace]", "seed=0,1"),
            "with validation nodes, got probe=[grace]",
        ),
        (("seed=0,1", "hydra.sweeper.direction=up"), "hydra.sweeper.direction must be"),
        (("optimize=val_accuracy,uniformity",), "cannot be swept"),
    ],
)
def test_what_no_trial_could_give_is_refused_before_the_first(searched, args, message):
    code, err, _ = searched([], *args)
    assert code == 1
    assert message in err[-1]
    assert not any("Launching" in line for line in err)
