"""Searches with Optuna: what is searched, what a trial's end means, dead and shared studies."""

import json
import math
import multiprocessing
import os
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from tests.damage import DAMAGES
from tests.in_process import shell

from graphssl.errors import ConfigError, RunBusyError

optuna = pytest.importorskip("optuna", minversion="4.0", reason="extra `sweeps`")

from hydra_plugins.graphssl_optuna import _study  # noqa: E402
from hydra_plugins.graphssl_optuna._space import space_of  # noqa: E402
from hydra_plugins.graphssl_optuna._study import SharedStudy  # noqa: E402

CategoricalDistribution = optuna.distributions.CategoricalDistribution
FloatDistribution = optuna.distributions.FloatDistribution
IntDistribution = optuna.distributions.IntDistribution
State = optuna.trial.TrialState
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("a=1,2,x", CategoricalDistribution([1, 2, "x"])),
        ("a=choice(true,1.5)", CategoricalDistribution([True, 1.5])),
        ("a=null,2", CategoricalDistribution(["null", 2])),
        ("a=[64,32],[8]", CategoricalDistribution(["[64,32]", "[8]"])),
        ("a='1','b c'", CategoricalDistribution(["'1'", "'b c'"])),
        ("a=range(1,5)", IntDistribution(1, 4)),
        ("a=range(1,8,3)", IntDistribution(1, 7, step=3)),
        ("a=range(3,0,-1)", IntDistribution(1, 3)),
        ("a=range(0.0,0.5,0.25)", FloatDistribution(0.0, 0.25, step=0.25)),
        ("a=interval(1,5)", FloatDistribution(1.0, 5.0)),
        ("a=interval(1.0,5)", FloatDistribution(1.0, 5.0)),
        ("a=int(interval(1,5))", IntDistribution(1, 5)),
        ("a=tag(log,interval(1e-4,1e-2))", FloatDistribution(1e-4, 1e-2, log=True)),
        ("a=tag(log,int(interval(1,64)))", IntDistribution(1, 64, log=True)),
    ],
)
def test_overrides_say_what_is_searched(override, expected):
    space, _, fixed = space_of(OverridesParser.create(), [override, "dataset=cora"])
    assert space == {"a": expected}
    assert fixed == ["dataset=cora"]


def test_a_shuffled_range_is_a_choice_and_the_later_argument_counts():
    parser = OverridesParser.create()
    space, _, fixed = space_of(parser, ["a=shuffle(range(1,4))", "b=1,2", "b=7"])
    assert set(space["a"].choices) == {1, 2, 3}
    assert fixed == ["b=7"]


def test_the_values_of_a_grid_are_those_of_a_sweep_and_lie_in_the_space():
    arguments = ["a=x,y", "b=range(0.0,0.3,0.1)", "c=interval(0.0,1.0)", "d=range(9,2,-3)"]
    space, values, _ = space_of(OverridesParser.create(), arguments)
    assert list(values) == ["a", "b", "d"]
    assert values["a"] == ["x", "y"]
    assert values["b"] == pytest.approx([0.0, 0.1, 0.2])
    assert values["d"] == [9, 6, 3]
    for key, found in values.items():
        kind = space[key]
        assert all(kind._contains(kind.to_internal_repr(value)) for value in found)


@pytest.mark.parametrize("bad", ["a=interval(5,1)", "a=tag(log,interval(0,1))"])
def test_an_interval_that_cannot_be_is_one_line(bad):
    with pytest.raises(ConfigError, match=r"^a="):
        space_of(OverridesParser.create(), [bad])


GRID = (
    "-m", "hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", "hydra.sweeper.study_name=s",
    "hydra.sweeper.n_trials=9",
)  # fmt: skip


class Recorded:
    def __init__(self, values):
        self.values = values

    def value(self, name):
        return self.values[name]

    def written_since(self, seconds):
        return True


@pytest.fixture
def searched(tmp_path, small_config, monkeypatch, capsys):
    """Searches in this process; ``values`` are those of each seed, or what it raises."""

    def search(values, *args):
        def run(config, threads, watches):
            found = values[config.seed]
            if callable(found):
                found = found(watches)
            if isinstance(found, BaseException):
                raise found
            return Recorded(found)

        monkeypatch.setattr("graphssl.cli._run", run)
        code, err = shell(monkeypatch, capsys, tmp_path, *GRID, *small_config, *args)
        found = sorted(tmp_path.rglob("optimization_results.yaml"))
        return code, err, OmegaConf.load(found[-1]) if found else None

    return search


def trials(tmp_path, name="s"):
    storage = _study.journal(tmp_path / "runs" / "optuna", name)
    return optuna.load_study(study_name=name, storage=storage).trials


FAILED = ConfigError("no luck")


@pytest.mark.parametrize(
    ("direction", "best"),
    [
        ((), 1),
        (("hydra.sweeper.direction=maximize",), 1),
        (("hydra.sweeper.direction=minimize",), 0),
    ],
)
def test_what_failed_or_was_skipped_is_told_and_never_the_best(searched, tmp_path, direction, best):
    values = [{"val_accuracy": 0.5}, {"val_accuracy": 0.7}, FAILED, RunBusyError("by another")]
    code, err, results = searched(values, "seed=0,1,2,3", *direction)
    assert code == 1
    assert results.best_params == {"seed": best}
    assert ("direction=minimize for val_accuracy" in " ".join(err)) == (best == 0)
    assert "graphssl: study s: 2 done, 1 failed, 1 skipped" in err
    assert any(line.startswith("graphssl: 1 job failed") for line in err)
    *_, failed, skipped = trials(tmp_path)
    assert failed.state == skipped.state == State.FAIL
    assert failed.user_attrs["why"] == "configuration: no luck"
    assert skipped.user_attrs["why"] == "busy: by another"


def test_a_loss_is_minimised_and_nan_is_no_value(searched, tmp_path):
    values = [{"uniformity": math.nan}, {"uniformity": -1.0}, {"uniformity": -3.0}]
    code, _, results = searched(values, "seed=0,1,2", "optimize=uniformity")
    assert (code, results.best_value) == (0, -3.0)
    assert trials(tmp_path)[0].user_attrs["why"] == "no value"


def test_of_several_quantities_each_has_its_direction(searched):
    names = ("val_accuracy", "uniformity")
    values = [dict(zip(names, v, strict=True)) for v in [(0.5, -3.0), (0.7, math.nan), (0.4, -1.0)]]
    code, _, results = searched(values, "seed=0,1,2", "optimize=[val_accuracy,uniformity]")
    assert code == 0
    assert [s["values"] for s in results.solutions] == [[0.5, -3.0]]


@pytest.mark.parametrize("optimized", ["val_accuracy", "[val_accuracy,uniformity]"])
def test_where_all_failed_nothing_is_best(searched, optimized):
    code, err, results = searched([FAILED] * 3, "seed=0,1,2", f"optimize={optimized}")
    assert code == 1
    assert err[-1].endswith("nothing is best, no trial of this sweep has a value")
    assert any(line.startswith("graphssl: 3 jobs failed") for line in err)
    assert results is None


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("probe=[grace]", "seed=0,1"), "with validation nodes, got probe=[grace]"),
        (("seed=0,1", "hydra.sweeper.direction=up"), "hydra.sweeper.direction must be"),
        (("optimize=val_accuracy,uniformity",), "cannot be searched"),
        (("seed=1",), "nothing to search"),
        (("seed=0,1", "hydra.sweeper.n_trials=0"), "n_trials must be a whole number, 1 or more, g"),
        (("seed=0,1", "hydra.sweeper.n_trials=word"), "hydra.sweeper.n_trials must be a whole num"),
        (("seed=0,1", "hydra.sweeper.n_jobs=0"), "hydra.sweeper.n_jobs must be a whole number, 1"),
        (("seed=0,1", "hydra.sweeper.study_name=a/b"), "study_name='a/b' cannot name a file"),
        (("seed=0,1", "optimizer.lr=interval(0.1,0.2)"), "optimizer.lr: a grid needs choices"),
        (
            ("seed=0,1", "optimize=[val_accuracy,uniformity]", "hydra/sweeper/pruner=median"),
            "trials of several quantities cannot be pruned",
        ),
        (
            ("seed=0,1", "trainer.eval_every=0", "hydra/sweeper/pruner=median"),
            "needs trainer.eval_every, got 0",
        ),
    ],
)
def test_what_no_trial_could_give_is_refused_before_the_first(searched, args, message):
    code, err, _ = searched([], *args)
    assert code == 1
    assert message in err[-1]
    assert not any("Launching" in line for line in err)


def test_a_dead_study_goes_on_with_the_trial_that_died_and_repeats_no_other(searched, tmp_path):
    runs = []

    def value(seed, dies):
        def found(watches):
            runs.append(seed)
            return KeyboardInterrupt() if dies else {"val_accuracy": 0.1 * seed}

        return found

    code, _, results = searched([value(s, dies=s == 1) for s in range(4)], "seed=range(4)")
    assert (code, results) == (130, None)
    # The interrupted worker is this process: as after its death, nobody holds its lock.
    code, err, results = searched([value(s, dies=False) for s in range(4)], "seed=range(4)")
    assert code == 0
    assert "graphssl: study s: 1 done, 1 lost, 3 left of 4" in err
    assert runs == [0, 1, 2, 3, 1]
    assert results.best_params == {"seed": 3}
    assert sorted(t.params["seed"] for t in trials(tmp_path) if t.state == State.COMPLETE) == [
        0, 1, 2, 3,
    ]  # fmt: skip
    code, err, _ = searched([], "seed=range(4)")
    assert code == 0
    assert "graphssl: study s: 4 done, 1 lost, 0 left of 4" in err


def test_the_same_command_is_the_same_study_and_another_one_is_not(searched, tmp_path):
    for args in (("seed=0,1",), ("seed=0,1",), ("seed=0,1,2",), ("seed=0,1", "trainer.steps=3")):
        name = ("hydra.sweeper.study_name=null",)
        assert searched([{"val_accuracy": 0.5}] * 3, *args, *name)[0] == 0
    assert len(list(tmp_path.glob("runs/optuna/*.journal"))) == 3


def test_a_study_by_that_name_about_something_else_is_refused(searched):
    values = [{"val_accuracy": 0.5, "uniformity": -1.0}] * 3
    assert searched(values, "seed=0,1")[0] == 0
    others = {"space": ("seed=0,1,2",), "fixed, optimize, dir": ("seed=0,1", "optimize=uniformity")}
    for what, args in others.items():
        code, err, _ = searched(values, *args)
        assert code == 1
        assert "hydra.sweeper.study_name=s is another search: " + what in err[-1]


@pytest.mark.parametrize(
    "damage",
    [
        "noise",
        *(
            pytest.param(x, marks=pytest.mark.slow)
            for x in ("text", "null", "a hole of zeros", "second half")
        ),
    ],
)
def test_a_damaged_study_is_one_line(searched, tmp_path, damage):
    values = [{"val_accuracy": 0.5}] * 2
    assert searched(values, "seed=0,1")[0] == 0
    path = tmp_path / "runs/optuna/s.journal"
    DAMAGES[damage](path)
    code, err, _ = searched(values, "seed=0,1")
    assert code == 1
    assert err[-1].startswith(f"graphssl: error: {path.relative_to(tmp_path)} cannot be read: ")
    assert err[-1].endswith("; move it away to begin the study again")
    path.unlink()
    assert searched(values, "seed=0,1")[0] == 0


def test_a_trial_worse_than_the_others_at_an_evaluation_is_pruned(searched, tmp_path):
    reached = {}

    def curve(seed, *accuracies):
        def found(watches):
            for step, accuracy in enumerate(accuracies, 1):
                reached[seed] = step
                for watch in watches:
                    watch.log(step, {"loss": 1.0})
                    watch.log(step, {"val_accuracy": accuracy, "rankme_centred": 5.0})
            return {"val_accuracy": accuracies[-1]}

        return found

    values = [curve(0, 0.5, 0.6), curve(1, 0.6, 0.7), curve(2, 0.1, 0.9), curve(3, 0.6, 0.65)]
    pruner = ("hydra/sweeper/pruner=median", "hydra.sweeper.pruner.n_startup_trials=2")
    code, err, results = searched(values, "seed=range(4)", *pruner)
    assert code == 0
    assert reached == {0: 2, 1: 2, 2: 1, 3: 2}
    assert results.best_params == {"seed": 1}
    assert "graphssl: study s: 3 done, 1 pruned" in err
    pruned = trials(tmp_path)[2]
    assert pruned.state == State.PRUNED
    assert pruned.intermediate_values == {1: 0.1}
    assert pruned.user_attrs["why"] == "stopped: pruned at step 1: val_accuracy 0.1"


@pytest.mark.parametrize("quantity", ["val_score", "rankme_centred"])
def test_the_quick_probe_feeds_the_pruner_and_stops_a_real_run(
    tmp_path, small_config, monkeypatch, capsys, quantity
):
    never = ("hydra.sweeper.pruner._target_=optuna.pruners.ThresholdPruner",
             "+hydra.sweeper.pruner.lower=1e9")  # fmt: skip
    code, err = shell(
        monkeypatch, capsys, tmp_path, *GRID, *small_config, "seed=0,1", f"optimize={quantity}",
        *never,
    )  # fmt: skip
    assert code == 1
    assert "graphssl: study s: 2 pruned" in err
    assert err[-1].endswith("no trial of this sweep has a value")
    fed = "val_accuracy" if quantity == "val_score" else quantity
    assert [t.user_attrs["why"] for t in trials(tmp_path)] == [
        f"stopped: pruned at step 5: {fed} {t.intermediate_values[5]:.4g}" for t in trials(tmp_path)
    ]
    rows = [json.loads(x) for p in tmp_path.rglob("metrics.jsonl")
            for x in p.read_text().splitlines()]  # fmt: skip
    assert max(row["step"] for row in rows) == 5
    measured = [row[fed] for row in rows if row["step"] == 5 and fed in row]
    assert sorted(measured) == sorted(t.intermediate_values[5] for t in trials(tmp_path))
    assert not list(tmp_path.rglob("record.json"))
    assert not list(tmp_path.rglob("failed.json"))


FORK = multiprocessing.get_context("fork")


def test_several_workers_share_a_study_and_one_that_is_killed_costs_no_trial(tmp_path):
    space = {"a": IntDistribution(0, 11)}
    grid = [{"a": a} for a in range(12)]

    def work(dies):
        study = SharedStudy(tmp_path, "s", {}, ["maximize"], None, 12, grid)
        while asked := study.ask(2, space):
            if dies:
                os._exit(9)
            for trial in asked:
                study.tell(trial, "done", "", [trial.params["a"]])

    killed = FORK.Process(target=work, args=(True,))
    killed.start()
    killed.join()
    workers = [FORK.Process(target=work, args=(False,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0, 0, 0]
    study = SharedStudy(tmp_path, "s", {}, ["maximize"], None, 12, grid)
    assert study.left() == 0
    found = [t for t in study.study.trials if t.state == State.COMPLETE]
    assert sorted(t.params["a"] for t in found) == list(range(12))
    assert str(study) == "study s: 12 done, 2 lost"
    assert [t.value for t in study.best()] == [11]


def test_a_trial_that_another_worker_runs_is_left_to_it(tmp_path):
    space = {"a": IntDistribution(0, 9)}
    options = ({}, ["maximize"], None, 2)
    one = SharedStudy(tmp_path, "s", *options)
    (trial,) = one.ask(1, space)
    two = SharedStudy(tmp_path, "s", *options)
    assert len(two.ask(5, space)) == 1
    one.tell(trial, "done", "", [1.0])
    assert str(two) == "study s: 1 at work, 1 done"


def test_the_seed_of_a_sampler_gives_the_same_trials_and_moves_on_with_each_worker(tmp_path):
    from functools import partial

    space = {"a": FloatDistribution(0.0, 1.0)}
    sampler = partial(optuna.samplers.RandomSampler, seed=3)

    def drawn(folder):
        study = SharedStudy(folder, "s", {}, ["maximize"], sampler, 9)
        found = []
        for trial in study.ask(2, space):
            study.tell(trial, "done", "", [0.0])
            found.append(trial.params["a"])
        return found

    first, again, after = drawn(tmp_path / "1"), drawn(tmp_path / "2"), drawn(tmp_path / "1")
    assert first == again
    assert not set(first) & set(after)


def test_studies_lie_in_the_folder_of_runs(searched, tmp_path):
    args = ("seed=0,1", "paths.runs=elsewhere")
    assert searched([{"val_accuracy": 0.5}] * 2, *args)[0] == 0
    assert Path(tmp_path, "elsewhere", "optuna", "s.journal").exists()
