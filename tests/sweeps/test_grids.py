"""Tables from one command: several grids in one sweep, only what is left, the table at the end."""

import json
import shutil

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from tests.forked import shell

import graphssl
from graphssl.config.composer import Composer
from graphssl.config.folder import config_dir
from graphssl.report.tables.definition import load_definition
from graphssl.sweeps.plan import OVERHEAD, make_plan, run_id
from graphssl.sweeps.progress import duration
from hydra_plugins.graphssl_grids.sweeper import Grids, expand

PARSER = OverridesParser.create()
EXPERIMENTS = sorted(
    path.stem for path in config_dir().glob("experiment/*.yaml") if "grids" in path.read_text()
)
PROFILES = sorted(path.stem for path in config_dir().glob("profile/*.yaml"))
TINY = (
    "dataset=sbm",
    "dataset.num_nodes=120",
    "dataset.num_classes=3",
    "recipe.channels=[4,4]",
    "trainer.steps=2",
    "probe.protocols.random_10_10_80.num_splits=2",
)


@pytest.fixture(scope="module")
def composer():
    """Composes the configuration as a sweeper sees it, Hydra's own part in it."""
    with initialize_config_dir(str(config_dir()), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
    return Composer(loader, from_shell=False)


def test_grids_are_a_union_and_the_command_line_wins():
    grids = [
        {"objective": "raw,untrained", "seed": "range(2)"},
        {"regularizer": "none", "seed": "range(2)", "encoder.channels": "[8],[8,4]"},
        {"objective": "raw", "seed": 0},
    ]
    jobs = expand(PARSER, grids, ["seed=7,8", "dataset=karate"])
    assert jobs[:2] == [
        ["objective=raw", "seed=7", "dataset=karate"],
        ["objective=raw", "seed=8", "dataset=karate"],
    ]
    assert len(jobs) == 2 * 2 + 2 * 2
    assert jobs[-1] == ["regularizer=none", "seed=8", "encoder.channels=[8,4]", "dataset=karate"]


def test_each_is_taken_with_every_grid_and_a_grid_wins_over_it():
    sweeper = Grids(
        grids=[{"regularizer": "werank"}],
        each=[{"dataset": "digits", "trainer.steps": 5}, {"dataset": "karate"}],
        floors=[{"objective": "supervised", "trainer.steps": 9}],
    )
    assert sweeper.grids == [
        {"dataset": "digits", "trainer.steps": 9, "objective": "supervised"},
        {"dataset": "digits", "trainer.steps": 5, "regularizer": "werank"},
        {"dataset": "karate", "trainer.steps": 9, "objective": "supervised"},
        {"dataset": "karate", "regularizer": "werank"},
    ]


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["objective=supervised"],
        ["trainer.select=val_accuracy", "regularizer=werank"],
        ["objective=untrained", "diagnostics=end"],
    ],
    ids=" ".join,
)
def test_the_id_is_known_before_the_run(composer, small_run, overrides):
    record = small_run("probe.protocols.random_10_10_80.num_splits=2", *overrides)
    config = composer([*small_run.overrides, *record.overrides])
    assert run_id(config) == record.id


def test_the_id_of_a_graph_of_ones_own_is_known_too(composer, tmp_path):
    import numpy as np

    rng = np.random.default_rng(0)
    path = tmp_path / "mine.npz"
    np.savez(path, x=rng.normal(size=(300, 5)), edge_index=rng.integers(300, size=(2, 900)),
             y=np.arange(300) % 2)  # fmt: skip
    run = ["dataset=custom", f"dataset.path={path}", "recipe.channels=[4]", "trainer.steps=2"]
    run += ["trainer.device=cpu", f"paths.runs={tmp_path / 'runs'}"]
    assert run_id(composer(run)) == graphssl.run(run).id


def test_what_is_done_is_left_out_and_the_rest_is_estimated(composer, small_run, tmp_path):
    def jobs(*more: str):
        lines = [[*TINY, f"seed={seed}", f"paths.runs={tmp_path / 'runs'}", *more] for seed in "01"]
        return [(line, composer(line)) for line in lines]

    assert make_plan(jobs(), {}).seconds is None
    assert make_plan(jobs(), {"sbm": 4.0}).seconds == 8.0 + 2 * OVERHEAD
    record = graphssl.run(jobs()[0][0])
    plan = make_plan(jobs(), {})
    assert (plan.done, plan.left) == (1, [jobs()[1][0]])
    took = record.training["seconds"] + record.training["probe_seconds"]
    assert plan.seconds == pytest.approx(took + OVERHEAD)
    assert make_plan(jobs("trainer.steps=20"), {}).seconds == pytest.approx(
        2 * (10 * took + OVERHEAD)
    )
    assert len(make_plan(jobs("force=true"), {}).left) == 2
    assert len(make_plan(jobs("probe.split_seed=1"), {}).left) == 2  # to be probed
    assert str(plan).startswith("2 runs, 1 done, 1 left, about ")


def test_durations_are_short():
    assert [duration(s) for s in (0.4, 89, 90, 5399, 5400)] == ["0 s", "89 s", "2 min", "90 min",
                                                               "1.5 h"]  # fmt: skip


@pytest.mark.parametrize(
    ("experiment", "profile"),
    [
        ("table_main", "smoke"),
        *(
            pytest.param(e, "smoke", marks=pytest.mark.slow)
            for e in EXPERIMENTS
            if e != "table_main"
        ),
        *(pytest.param("table_main", p, marks=pytest.mark.slow) for p in PROFILES if p != "smoke"),
    ],
)
def test_every_table_and_every_profile_can_be_composed(composer, experiment, profile):
    chosen = [f"experiment={experiment}", f"profile={profile}"]
    settings = OmegaConf.to_container(composer(chosen).hydra.sweeper, resolve=True)
    del settings["_target_"]
    load_definition(settings["table"])
    for grid in Grids(**settings).grids:
        run_id(composer(expand(PARSER, [grid], chosen)[-1]))


@pytest.fixture(scope="module")
def table_main(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")

    def make(*args: str):
        return shell("-m", "experiment=table_main", "profile=smoke", *TINY, *args, cwd=folder)

    make.runs = folder / "runs" / "paper-smoke"
    return make


@pytest.mark.slow
def test_a_table_that_cannot_be_made_is_an_error_before_anything_runs(table_main):
    done = table_main("hydra.sweeper.table=mian")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("graphssl: error: ")
    assert not table_main.runs.exists()


def test_a_table_from_one_command_and_nothing_twice(table_main):
    first = table_main("seed=0")
    assert first.returncode == 0, first.stderr
    assert "graphssl: 5 runs, 0 done, 5 left, duration unknown" in first.stdout
    assert "graphssl: 5 of 5 jobs ended: " in first.stderr
    for row in ("BGRL + WERank", "supervised"):
        assert f"│ {row} " in first.stdout
    report = sorted(path.name for path in (table_main.runs / "report").iterdir())
    assert report == ["main-accuracy-rank.svg", "main.csv", "main.html", "main.md", "main.tex"]
    folders = [path.parent for path in table_main.runs.glob("*/record.json")]
    assert len(folders) == 5
    shutil.rmtree(folders[0])
    again = table_main("seed=0")
    assert "graphssl: 5 runs, 4 done, 1 left, about " in again.stdout
    assert len(list(table_main.runs.glob("*/record.json"))) == 5
    last = table_main("seed=0")
    assert "graphssl: 5 runs, 5 done, 0 left\n" in last.stdout
    assert "Launching" not in last.stdout


def test_a_table_goes_on_past_a_failed_job_and_names_it(table_main):
    done = table_main("regularizer=werank", "regularizer.alpha=-1", "seed=5")
    assert done.returncode == 1
    assert "alpha must be a finite number" in done.stderr
    assert json.loads(next(table_main.runs.glob("multirun/*/failed/*.json")).read_text())["error"]
