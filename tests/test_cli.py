"""The command line as a user meets it: help, version, one line of result, one line of error."""

import importlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.forked import shell

from graphssl import __version__
from graphssl.cli import main
from graphssl.config.folder import config_dir
from graphssl.config.help_text import help_text
from graphssl.errors import ConfigError


def graphssl(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "graphssl", *args],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_version(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["graphssl", "--version"])
    main()
    assert capsys.readouterr().out == f"graphssl {__version__}\n"


def test_help_names_every_group_and_option():
    shown = help_text(["--help"])
    groups = [g for g in config_dir().iterdir() if g.is_dir() and g.name != "hydra"]
    assert groups
    for group in groups:
        (line,) = [x for x in shown.splitlines() if x.startswith(f"{group.name}: ")]
        assert line.split(": ")[1].split(", ") == sorted(p.stem for p in group.glob("*.yaml"))
    assert shown.count("\n  graphssl") + shown.count("  graphssl -m") >= 3


def test_help_names_options_of_the_users_own(tmp_path):
    own = tmp_path / "my conf" / "encoder" / "mine.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("")
    shown = help_text(["--help", "--config-dir", str(own.parents[1]), "dataset=cora"])
    (line,) = [x for x in shown.splitlines() if x.startswith("encoder: ")]
    assert {"mine", "gcn"} <= set(line.split(": ")[1].split(", "))


@pytest.mark.parametrize("flag", ["--help", "--cfg=job"])
def test_help_and_cfg_import_no_torch(tmp_path, flag):
    code = (
        f"import sys, runpy; sys.argv = ['graphssl', {flag!r}]\n"
        "try: runpy.run_module('graphssl', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules, 'torch was imported'"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory, small_config):
    """The same run by a Python of its own and in this process: what it said, and its record."""
    folder = tmp_path_factory.mktemp("cli")
    runs = []
    for name, run in (("a", graphssl), ("b", shell)):
        done = run(*small_config, f"paths.runs={name}", cwd=folder)
        assert done.returncode == 0, done.stderr
        (line,) = done.stdout.splitlines()
        line, path = line.split(" -> ")
        runs.append((line, json.loads((folder / path / "record.json").read_text())))
    return runs


def test_a_run_prints_one_line_of_result(two_runs):
    line, record = two_runs[0]
    scores = record["scores"]["random_10_10_80"]
    test, val = (100 * np.array(scores[part]["accuracy"]) for part in ("test", "val"))
    ranks = record["diagnostics"]["representation"]
    assert line == (
        f"sbm gcn bgrl none seed 0: accuracy validation {val.mean():.2f} %, "
        f"test {test.mean():.2f} +- {test.std():.2f} % "
        f"(random_10_10_80, 20 splits), effective rank {ranks['effective_rank_centred']:.1f} of "
        f"{ranks['dimensions']}"
    )


def test_two_processes_agree_to_the_last_digit(two_runs):
    (_, one), (_, other) = two_runs
    assert one["scores"] == other["scores"]
    assert one["diagnostics"] == other["diagnostics"]


BAD = {
    "group option": (["encoder=gnc"], "encoder=gnc: no such option; did you mean gin or gcn?"),
    "group": (["encodr=gcn"], "encodr: no such key or group; did you mean encoder"),
    "key": (["trainer.stps=3"], "trainer.stps: no such key or group; did you mean trainer.steps"),
    "probe protocol": (["probe=bgrl_oficial"], "probe=bgrl_oficial: no such option; did you mean"),
    "drop probability": (
        ["augmentation.view1.edges.p=1.0"],
        "DropEdges.p must be a finite number",
    ),
    "negative drop": (
        ["augmentation.view1.features.p=-0.1"],
        "MaskFeatures.p must be a finite number",
    ),
    "strength": (["augmentation.strength=3"], "augmentation.strength=3"),
    "no layers": (["encoder.channels=[]"], "encoder.channels must list the width of at"),
    "heads": (["encoder=gat", "encoder.channels=[6]"], "width 6 is not divisible by"),
    "split ratios": (["probe.protocols.random_10_10_80.train_ratio=0.95"], "train_ratio=0.95"),
    "device": (["trainer.device=cuda:7"], "trainer.device=cuda:7 does not exist"),
    "device name": (["trainer.device=gpu"], "trainer.device must be auto, cpu, cuda"),
    "precision": (["trainer.precision=fp8"], "trainer.precision must be one of fp32, tf32, bf16"),
    "steps": (["trainer.steps=0"], "trainer.steps must be a whole number, 1 or more, got 0"),
    "syntax": (["trainer.steps=[1"], "trainer.steps=[1"),
    "custom without path": (["dataset=custom"], "dataset.path"),
    "custom not there": (["dataset=custom", "dataset.path=no.npz"], "no.npz"),
    "masks missing": (["probe=public_split"], "public_split"),
    "alpha": (["regularizer=werank", "regularizer.alpha=-1"], "alpha"),
    "learning rate": (["optimizer.lr=-1"], "optimizer: ValueError: Invalid learning rate: -1"),
    "seed": (["seed=abc"], "seed must be a whole number, 0 or more, got 'abc'"),
    "split seed": (["probe.split_seed=abc"], "probe.split_seed must be a whole number"),
    "target": (["encoder.conv._target_=torch_geometric.nn.NoConv"], "NoConv"),
    "own module": (["encoder._target_=no_such.Encoder"], "No module named 'no_such'"),
    "experiment": (
        ["experiment=table_mian"],
        "experiment=table_mian: no such option; did you mean",
    ),
    "profile": (["profile=smok"], "profile=smok: no such option; did you mean smoke?"),
    "recipe": (["recipe=bgrl_foto"], "recipe=bgrl_foto: no such option; there are bgrl_"),
    "protocol in a list": (["probe=[grce]"], "probe=grce: no such option; did you mean grace?"),
    "group without an option": (["encoder=null"], "encoder=null: a group needs one of its options"),
    "a word for a boolean": (["force=no"], "force must be true or false, got 'no'"),
    "trust": (
        ["dataset=cora", "dataset.trust=off"],
        "dataset.trust must be true or false, got 'off'",
    ),
    "flag": (["--steps=3"], "--steps=3: no such flag; options are key=value"),
    "flag without its other": (["--resolve"], "The --resolve flag can only be used"),
    "flag twice": (["--config-dir", "a", "--config-dir=b"], "Hydra takes one"),
    "paths": (["paths.data=null"], "paths.data must be the name of a folder, got None"),
    "name": (["dataset.name=../x"], "dataset.name='../x' cannot be part of a run folder's name"),
    "type": (["trainer.steps=many"], "trainer.steps must be a whole number, 1 or more, got 'many'"),
    "type of a dataset": (["dataset=digits", "dataset.neighbors=many"], "neighbors='many'"),
    "type of an optimizer": (["optimizer.lr=much"], "lr='much'"),
    "looks": (["diagnostics.every=1.5"], "diagnostics.every must be a whole number, 0 or more"),
    "tags": (["tags=word"], "tags must be key=value pairs"),
    "schedule": (
        ["regularizer=werank", "regularizer.schedule=cosine", "regularizer.schedule_steps=999"],
        "schedule_steps must be at most the run's 20 steps, got 999",
    ),
    "key added that nothing reads": (["+sed=1"], "sed: nothing reads this key; did you mean seed?"),
    "group added that is none": (["+encodr=gcn"], "encodr: nothing reads this key; did you mean e"),
    "path added": (
        ["+paths.rnus=x"],
        "paths.rnus: nothing reads this key; did you mean paths.",
    ),
    "look added": (["+diagnostics.evry=3"], "did you mean diagnostics.every"),
    "recipe added": (
        ["+recipe.lrr=3"],
        "recipe.lrr: nothing reads this key; did you mean recipe",
    ),
    "option of no logger": (["+logger.mode=x"], "logger.mode: nothing reads this key"),
    "argument": (["+trainer.stps=3"], "unexpected keyword argument 'stps'; did you mean steps?"),
    "argument of an optimizer": (["+optimizer.lrr=3"], "did you mean lr?"),
    "argument deep inside": (
        ["+augmentation.view1.edges.foo=3"],
        "augmentation.view1.edges: graphssl.augmentation.drop_edges.DropEdges: ",
    ),
    "key deleted": (["~seed"], "~seed: a run needs seed, which was deleted"),
    "group deleted": (["~encoder"], "~encoder: a run needs encoder, which was deleted"),
    "no pattern": (["regularizer=werank", "regularizer.alpha={}"], "at least one layer pattern"),
    "pattern that fits nothing": (
        ["regularizer=werank", "regularizer.alpha={encodr:1}"],
        "alpha: pattern 'encodr' matches no layer; layers found: encoder.convs.0.lin",
    ),
    "pattern of a term": (
        ["regularizer=sum", "regularizer.terms.werank.alpha={encodr:1}"],
        "alpha: pattern 'encodr' matches no layer",
    ),
    "layers that are not there": (
        ["regularizer=werank", "regularizer.layers=projector"],
        "layers='projector': no weight matrix there; layers found: encoder.convs.0.lin",
    ),
    "length of a schedule": (
        ["regularizer=werank", "regularizer.schedule=warmup", "regularizer.schedule_steps=1.5"],
        "schedule_steps must be a whole number, 1 or more, got 1.5",
    ),
    "logger's target": (
        ["+logger._target_=foo.bar", "+logger._partial_=true"],
        "logger: Error locating target 'foo.bar'",
    ),
    "logger that is no factory": (
        ["+logger._target_=graphssl.training.TensorBoard"],
        "logger._partial_ must be true, got false",
    ),
    "Hydra's flag": (
        ["optimizer._partial_=[]"],
        "optimizer._partial_ must be true or false, got",
    ),
    "Hydra's flag deep inside": (
        ["+augmentation.view1.edges._recursive_=4"],
        "augmentation.view1.edges._recursive_ must be true or false, got 4",
    ),
    "Hydra's conversion": (
        ["+objective._convert_=no"],
        "objective._convert_ must be one of none",
    ),
    "no factory": (["act._partial_=false"], "act._partial_ must be true, got false"),
    "no object": (["+trainer._partial_=true"], "trainer._partial_ must be false, got true"),
    "target of a strange type": (["optimizer._target_=3"], "optimizer._target_ must be the dotted"),
    "target deleted": (["~encoder._target_"], "~encoder._target_: a run needs encoder._target_, "),
    "target of other arguments": (
        ["encoder._target_=torch.nn.Linear"],
        "; encoder._target_=torch.nn.Linear leaves encoder's other keys as they were: delete them",
    ),
    "settings of another class": (
        ["trainer._target_=builtins.dict"],
        "trainer._target_=builtins.dict must make graphssl.training.TrainerSettings",
    ),
    "target without a signature": (
        ["dataset._target_=builtins.dict"],
        "dataset builtins.dict needs a method load(data_dir, mirror)",
    ),
    "augmentation of another class": (
        ["augmentation._target_=graphssl.augmentation.DropEdges"],
        "unexpected keyword argument 'view1'; it takes p, undirected; augmentation._target_=",
    ),
    "a word for an encoder's boolean": (
        ["encoder.residual=no"],
        "encoder.residual must be true or false, got 'no'",
    ),
    "a word for a boolean deep inside": (
        ["augmentation.view2.edges.undirected=off"],
        "augmentation.view2.edges.undirected must be true or false, got 'off'",
    ),
    "a word for a boolean of a recipe": (
        ["recipe.plain_last=no"],
        "encoder.plain_last must be true or false, got 'no'",
    ),
    "no factory at all": (
        ["objective=simsiam", "objective.predictor=null"],
        "objective.predictor must have a _target_ and _partial_: true, since it is called with",
    ),
    "an object for a factory": (
        ["encoder.conv._partial_=false"],
        "encoder.conv must have a _target_ and _partial_: true",
    ),
    "one width": (["encoder.channels=3"], "each a whole number, 1 or more, got 3"),
    "a width with a point": (["recipe.channels=[8.0]"], "1 or more, got [8.0]"),
    "no heads": (
        ["encoder=gat", "encoder.conv.heads=0"],
        "encoder.conv.heads must be a whole number, 1 or more, got 0",
    ),
    "no heads of a transformer": (
        ["encoder=gps", "encoder.channels=[8]", "encoder.heads=0"],
        "encoder.heads must be a whole number, 1 or more, got 0",
    ),
    "a width of a complete model": (
        ["encoder=pyg_gcn", "encoder.channels=[0]"],
        "each a whole number, 1 or more, got [0]",
    ),
    "a path that cannot be": (['paths.runs="a\0b"'], "paths.runs must be the name of a folder"),
    "more than memory": (["dataset.num_features=1000000000000"], "out of memory: Unable to all"),
    "a number for debug": (["debug=3"], "debug must be true or false, got 3"),
    "a key of a group that was chosen": (
        ["objective=grace", "objective.blck=3"],
        "objective.blck: no such key or group; did you mean",
    ),
    "a scalar for a mapping": (["paths=-1"], "paths must have keys of its own, paths.KEY=VALUE"),
    "a scalar before a key": (
        ["paths=true", "paths.runs=x"],
        "paths.runs: paths=true replaces all of paths",
    ),
    "a list for a mapping": (["tags=[1]"], "tags=[1]: Cannot merge DictConfig with ListConfig"),
    "a number for a group": (["seed=null", "probe=-1"], "probe=-1: a group needs one of its opt"),
    "path deleted": (["~paths.runs"], "~paths.runs: a run needs paths.runs, which was deleted"),
    "key of a group deleted": (
        ["~diagnostics.every"],
        "~diagnostics.every: a run needs diagnostics.every, which was deleted",
    ),
    "group that others refer to": (["~dataset"], "~dataset: a run needs dataset, which was del"),
    "no folder": (["paths.runs=''"], "paths.runs must be the name of a folder, got ''"),
    "no protocol": (["probe.protocols.random_10_10_80=null"], "must be a protocol, got None"),
}


def run_main(monkeypatch, capsys, cwd, *args):
    """``graphssl`` in this process: exit status, lines of stdout, lines of stderr."""
    monkeypatch.chdir(cwd)
    monkeypatch.setattr(sys, "argv", ["graphssl", *args])
    with pytest.raises(SystemExit) as exit_:
        main()
    captured = capsys.readouterr()
    return exit_.value.code, captured.out.splitlines(), captured.err.splitlines()


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path, small_config, case, monkeypatch, capsys
):
    overrides, expected = BAD[case]
    own_data = any(o.startswith("dataset=") for o in overrides)
    small = [o for o in small_config if not (own_data and o.startswith("dataset"))]
    small = [o for o in small if o.split("=")[0] not in {x.split("=")[0] for x in overrides}]
    code, out, err = run_main(monkeypatch, capsys, tmp_path, *small, *overrides)
    assert code == 1
    (line,) = err
    assert line.startswith("graphssl: error: ")
    assert expected in line
    assert out == []
    assert not list(tmp_path.rglob("record.json"))
    assert not [path for path in tmp_path.glob("runs/*") if path.name != ".locks"]


def test_the_exit_status_of_an_error_reaches_the_shell(tmp_path):
    done = graphssl("encoder=gnc", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("graphssl: error: encoder=gnc: no such option")


def test_debug_raises_with_the_traceback(tmp_path, small_config, monkeypatch):
    monkeypatch.chdir(tmp_path)
    argv = ["graphssl", *small_config, "trainer.steps=0", "debug=true"]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(ConfigError, match=r"trainer\.steps"):
        main()


def test_a_reader_that_has_gone_is_no_traceback(tmp_path):
    done = subprocess.run(
        f"{sys.executable} -m graphssl --help | head -1", shell=True, cwd=tmp_path,
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)


def test_a_yaml_that_cannot_be_read_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "conf/encoder").mkdir(parents=True)
    (tmp_path / "conf/encoder/mine.yaml").write_text("a: [1\nb: {")
    code, _, (line,) = run_main(monkeypatch, capsys, tmp_path, "--config-dir=conf", "encoder=mine")
    assert code == 1
    assert re.match(r"graphssl: error: a yaml file cannot be read: .*mine\.yaml", line)


def test_a_results_folder_that_cannot_be_written(tmp_path, small_config, monkeypatch, capsys):
    (tmp_path / "runs").write_text("a file stands in the way")
    code, _, err = run_main(monkeypatch, capsys, tmp_path, *small_config)
    assert code == 1
    assert err == [
        f"graphssl: error: paths.runs=runs cannot be written: {tmp_path}/runs is not a folder"
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x": np.full((40, 3), np.nan, np.float32)}, "nan"),
        ({"edge_index": np.array([[0, 99], [1, 2]])}, "edge_index"),
        ({"y": np.array(["a", "b"] * 20)}, "y is an array of strings (<U1), not of numbers"),
        (
            {"edge_index": np.full((2, 9), 2**63, np.uint64)},
            "edge_index[0, 0] names node 9223372036854775808",
        ),
        ({"edge_index": np.ones((2, 9), bool)}, "edge_index is torch.bool"),
        ({"x": np.ones((40, 3), complex)}, "x is an array of complex128"),
        ({"train_mask": np.ones((40, 3, 2)), "test_mask": np.ones(40)}, "train_mask has shape"),
        ({"train_mask": np.ones((40, 0)), "test_mask": np.ones((40, 0))}, "train_mask has shape"),
    ],
)
def test_a_bad_graph_is_one_line(tmp_path, change, expected, monkeypatch, capsys):
    code, line = run_on_graph(tmp_path, change, monkeypatch, capsys)
    assert code == 1
    assert expected in line
    assert not list(tmp_path.rglob("*.jsonl"))


def test_a_graph_that_gcn_cannot_read_is_one_line(tmp_path, monkeypatch, capsys):
    change = {"edge_weight": np.full(100, -1.0)}
    code, line = run_on_graph(tmp_path, change, monkeypatch, capsys)
    assert code == 1
    assert "100 of 100 edge weights are negative (least -1)" in line
    assert not list(tmp_path.rglob("record.json"))


def run_on_graph(tmp_path, change, monkeypatch, capsys):
    """Exit status and line of error of a run on 40 nodes, with ``change`` to the arrays."""
    rng = np.random.default_rng(0)
    arrays = {
        "x": rng.normal(size=(40, 3)).astype(np.float32),
        "edge_index": rng.integers(40, size=(2, 100)),
        "y": np.arange(40) % 2,
    }
    arrays = {k: v for k, v in (arrays | change).items() if v is not None}
    np.savez(tmp_path / "mine.npz", **arrays)
    arguments = ("dataset=custom", "dataset.path=mine.npz", "trainer.steps=2", "probe=[]")
    code, _, lines = run_main(monkeypatch, capsys, tmp_path, *arguments)
    (line,) = [line for line in lines if line.startswith("graphssl: error: ")]
    return code, line


def test_a_tilde_is_the_home_folder(tmp_path, small_config, monkeypatch, capsys):
    """Unquoted as a shell would expand it, quoted as a file or the environment may have it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    few = [*small_config, "trainer.steps=1", "probe=[]"]
    for args in (["paths.runs=~/a"], ["paths.runs='~/b'"], ["-m", "paths.runs='~/c'"]):
        flags, path = args[:-1], args[-1]
        monkeypatch.setattr(sys, "argv", ["graphssl", *flags, *few, path])
        main()
    capsys.readouterr()
    found = {p.parents[1].name for p in (tmp_path / "home").glob("*/*/record.json")}
    assert found == {"a", "b", "c"}
    assert (tmp_path / "home/c/multirun").is_dir()
    assert not (tmp_path / "~").exists()


def test_keys_that_something_refers_to_are_read(tmp_path, small_config, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    few = [x for x in small_config if "channels=[" not in x] + ["trainer.steps=1", "probe=[]"]
    own = ["+width=12", "+recipe.deep=5", "recipe.channels=[${width},${recipe.deep}]", "++seed=3"]
    monkeypatch.setattr(
        sys, "argv", ["graphssl", *few, *own, "+tags.study=x", "++paths.mirror=null"]
    )
    main()
    (record,) = (json.loads(p.read_text()) for p in tmp_path.glob("runs/*/record.json"))
    assert (record["config"]["recipe"]["channels"], record["seed"]) == ([12, 5], 3)


def test_a_logger_that_is_not_installed_is_found_before_training(
    tmp_path, small_config, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "wandb", None)
    code, _, (line,) = run_main(monkeypatch, capsys, tmp_path, *small_config, "logger=wandb")
    assert code == 1
    assert "logger=wandb needs the package wandb" in line
    assert not list(tmp_path.glob("runs/[!.]*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_before_a_run_began(tmp_path, small_config, monkeypatch, capsys, number):
    """While the graph is loaded, say."""
    monkeypatch.setattr(
        "graphssl.config.build.dataset", lambda config: os.kill(os.getpid(), number)
    )
    code, out, err = run_main(monkeypatch, capsys, tmp_path, *small_config)
    assert (code, out, err) == (128 + number, [], ["graphssl: interrupted before a run began"])
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert not (tmp_path / "runs").exists()


def test_interrupted_in_training_it_says_where_the_same_command_resumes(
    tmp_path, small_config, monkeypatch, capsys
):
    from graphssl.training.metrics import StepMetrics

    look = StepMetrics.__call__

    def interrupt(self, report):
        look(self, report)
        if report.step == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(StepMetrics, "__call__", interrupt)
    code, out, err = run_main(monkeypatch, capsys, tmp_path, *small_config)
    assert (code, out) == (143, [])
    assert err[-1] == "graphssl: interrupted: the same command resumes from step 7"


def test_interrupted_while_it_is_imported(monkeypatch, capsys):
    entry = importlib.import_module("graphssl.__main__")

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("graphssl.cli.main", interrupted)
    with pytest.raises(SystemExit) as exit_:
        entry.main()
    assert exit_.value.code == 130
    assert capsys.readouterr().err == "graphssl: interrupted before a run began\n"


def test_interrupted_in_a_sweep_it_speaks_of_the_sweep(tmp_path, small_config, monkeypatch, capsys):
    def interrupt(config):
        raise KeyboardInterrupt

    monkeypatch.setattr("graphssl.config.build.dataset", interrupt)
    code, _, err = run_main(monkeypatch, capsys, tmp_path, "-m", *small_config, "seed=0,1")
    assert code == 130
    assert err[-1] == (
        "graphssl: interrupted: the same command finishes the sweep, each job from what it has "
        "saved"
    )
