"""What loggers get: rows while a run trains, and its results when it has ended."""

import json
import struct
import sys
from pathlib import Path

import pytest

from graphssl.errors import ConfigError
from graphssl.training import Logger
from graphssl.training.loggers import RunLoggers, TensorBoard, WandB
from graphssl.training.metrics import StepMetrics


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


class Kept(Logger):
    """Keeps all that it gets, of every run."""

    calls: list = []  # noqa: RUF012

    def __init__(self, folder, name, config, resume_step=0):
        self.calls.append(("made", Path(folder).name, name, config["seed"], resume_step))

    def log(self, step, values):
        self.calls.append(("log", step, set(values)))

    def finish(self, step, values, figures):
        self.calls.append(("finish", step, values, set(figures)))

    def close(self):
        self.calls.append(("close",))


@pytest.fixture
def kept(tmp_path):
    Kept.calls.clear()
    target = f"{Kept.__module__}.{Kept.__name__}"
    return Kept.calls, ("+logger._target_=" + target, "+logger._partial_=true")


def scores(record):
    return {
        f"{part}/{name}/{metric}": sum(values) / len(values)
        for name, entry in record.scores.items()
        for part in ("test", "val")
        for metric, values in entry[part].items()
    }


def test_a_run_is_logged_from_its_first_row_to_its_scores(small_run, kept):
    calls, options = kept
    record = small_run(*options)
    assert calls[0] == ("made", Path(record.folder).name, record.id, record.seed, 0)
    assert [c[0] for c in calls].count("made") == 1
    assert [c[0] for c in calls[-2:]] == ["finish", "close"]
    step, values, figures = calls[-2][1:]
    assert step == record.training["steps"] == 20
    assert scores(record).items() <= values.items()
    assert len(scores(record)) >= 2
    for measure, value in record.diagnostics["representation"].items():
        assert values[f"representation/{measure}"] == value
    assert values["training/seconds"] == record.training["seconds"]
    assert {"rank", "layers", "spectra", "weights"} <= figures
    assert ("log", 20, {"loss", "learning_rate", "steps_per_second"}) in calls


def test_what_does_not_train_has_results_too(small_run, kept):
    calls, options = kept
    record = small_run("objective=untrained", *options)
    assert [c[0] for c in calls] == ["made", "finish", "close"]
    assert scores(record).items() <= calls[1][2].items()


def test_a_finished_run_is_logged_again_only_with_a_new_score(small_run, kept):
    calls, options = kept
    small_run("probe=[]", *options)
    calls.clear()
    small_run("probe=[]", *options)
    assert calls == []
    record = small_run(*options)
    assert [c[0] for c in calls] == ["made", "finish", "close"]
    assert calls[0][-1] == 20
    assert scores(record).items() <= calls[1][2].items()


def test_a_run_that_dies_closes_its_logger_without_results(small_run, kept):
    calls, options = kept
    with pytest.raises(Exception, match="not finite"):
        small_run("optimizer.lr=1e30", *options)
    assert "finish" not in [c[0] for c in calls]
    assert calls[-1] == ("close",)


def test_loggers_are_made_once_and_closed():
    made = []

    def make(step):
        made.append(step)
        return [logger]

    logger = Kept.__new__(Kept)
    Kept.calls.clear()
    with RunLoggers(make) as loggers:
        assert loggers.at(7) is loggers.at(9)
    assert made == [7]
    assert Kept.calls == [("close",)]
    with RunLoggers(make):
        pass
    assert made == [7]


class Plain:
    """No Logger, though it could be made."""

    def __init__(self, **given):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((f"+logger._target_={Plain.__module__}.Plain",), "subclass of graphssl.training.Logger"),
        (("logger=wandb", "logger.mode=off"), "mode must be one of online, offline, disabled"),
        (("logger=wandb", "+logger.grup=x"), "did you mean group"),
    ],
)
def test_a_wrong_logger_is_one_line_before_anything_is_loaded(small_run, options, message):
    options = ("+logger._partial_=true", *options) if len(options) == 1 else options
    with pytest.raises(ConfigError, match=message):
        small_run(*options, "dataset.num_nodes=-1")


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(f"{folder}/tensorboard").Reload()


def test_tensorboard_gets_rows_scores_configuration_and_figures(small_run):
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    record = small_run("logger=tensorboard")
    found = events(record.folder)
    tags = found.Tags()
    assert {"loss", "effective_rank_centred", "val_accuracy"} <= set(tags["scalars"])
    assert [event.step for event in found.Scalars("loss")] == list(range(1, 21))
    for name, value in scores(record).items():
        (event,) = found.Scalars(name)
        assert (event.step, event.value) == (20, pytest.approx(value))
    rank = record.diagnostics["representation"]["rankme_centred"]
    assert found.Scalars("representation/rankme_centred")[-1].value == pytest.approx(rank)
    assert {"figures/layers", "figures/spectra", "figures/weights"} <= set(tags["images"])
    (text,) = found.Tensors("config/text_summary")
    assert b"num_nodes: 120" in text.tensor_proto.string_val[0]


def interrupted_at(steps, monkeypatch, small_run, *options):
    log = StepMetrics.__call__
    for step in steps:

        def interrupted(self, report, step=step):
            log(self, report)
            if report.step == step:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(StepMetrics, "__call__", interrupted)
            with pytest.raises(KeyboardInterrupt):
                small_run(*options)
    return small_run(*options)


@pytest.mark.slow
def test_tensorboard_shows_each_step_of_a_resumed_run_once(small_run, monkeypatch):
    pytest.importorskip("tensorboard", reason="the extra `tensorboard` is not installed")
    options = ("logger=tensorboard", "trainer.checkpoint_every=6")
    record = interrupted_at([4, 15], monkeypatch, small_run, *options)
    assert record.training["resumed_from"] == 12
    found = events(record.folder)
    assert [event.step for event in found.Scalars("loss")] == list(range(1, 21))
    looks = [event.step for event in found.Scalars("representation/rankme_centred")]
    assert looks == sorted(looks)
    assert looks.count(0) == 1


def transactions(path: Path):
    """The records of a ``.wandb`` file: LevelDB's log format behind a header of seven bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, place, part = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        room = 32768 - place % 32768
        if room < 7:
            place += room
            continue
        length, kind = struct.unpack("<HB", data[place + 4 : place + 7])
        part += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(part)
            part = b""


@pytest.fixture
def offline(small_run, monkeypatch):
    """Runs with W&B offline; gives the record and what each process left for W&B."""
    wandb = pytest.importorskip("wandb", reason="the extra `wandb` is not installed")
    monkeypatch.setenv("WANDB_SILENT", "true")
    options = ("logger=wandb", "logger.mode=offline")

    def run(start, *more):
        record = start(*options, *more)
        wandb.teardown()  # its own process may still be writing
        files = sorted(Path(record.folder).rglob("*.wandb"))
        return record, [list(transactions(path)) for path in files]

    return run


def items(records, kind):
    """Key -> value of every update of a kind, the last one counting."""
    field = {"summary": "update", "history": "item"}[kind]
    found = [getattr(r, kind) for r in records if r.WhichOneof("record_type") == kind]
    updates = [item for one in found for item in getattr(one, field)]
    return {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in updates}


ignore_theirs = pytest.mark.filterwarnings("ignore")  # W&B's own


@ignore_theirs
def test_wandb_gets_one_run_with_rows_scores_configuration_and_figures(small_run, offline):
    record, files = offline(
        small_run, "logger.entity=team", "logger.group=sizes", "logger.tags=[mine]",
        "logger.project=paper", "+tags.study=depth",
    )  # fmt: skip
    (records,) = files
    run = next(r.run for r in records if r.WhichOneof("record_type") == "run")
    assert (run.entity, run.project, run.run_group) == ("team", "paper", "sizes")
    assert (run.run_id, run.display_name) == (record.id, Path(record.folder).name)
    assert list(run.tags) == ["mine", "study=depth"]
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert {k: config[k] for k in ("seed", "dataset")} == {
        k: record.config[k] for k in ("seed", "dataset")
    }
    steps = [r.history.step.num for r in records if r.WhichOneof("record_type") == "history"]
    assert steps == list(range(21))
    assert {"loss", "val_accuracy", "effective_rank_centred"} <= set(items(records, "history"))
    summary = items(records, "summary")
    for name, value in record.numbers().items():
        assert summary[name] == pytest.approx(value), name
    assert scores(record).items() <= record.numbers().items()
    for figure in ("layers", "spectra", "weights"):
        path = summary[f"figures/{figure}/path"]
        (drawn,) = Path(record.folder).rglob(path)
        assert drawn.read_bytes()[:4] == b"\x89PNG"
    assert [r.exit.exit_code for r in records if r.WhichOneof("record_type") == "exit"] == [0]


@ignore_theirs
@pytest.mark.slow
def test_wandb_resumes_the_run_that_is_resumed_here(small_run, offline, monkeypatch):
    record, (first, second) = offline(
        lambda *options: interrupted_at([15], monkeypatch, small_run, *options),
        "trainer.checkpoint_every=6",
    )
    runs = [next(r.run for r in x if r.WhichOneof("record_type") == "run") for x in (first, second)]
    assert [run.run_id for run in runs] == [record.id] * 2
    exits = [[r.exit.exit_code for r in x if r.WhichOneof("record_type") == "exit"]
             for x in (first, second)]  # fmt: skip
    assert exits == [[1], [0]]
    steps = [r.history.step.num for r in second if r.WhichOneof("record_type") == "history"]
    assert steps == list(range(13, 21))
