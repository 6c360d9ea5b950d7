"""The frame of runs as CSV, Parquet and a table of W&B."""

import json
import sys

import pandas as pd
import pytest

from graphssl.errors import ConfigError
from graphssl.report.cli import main
from graphssl.report.export import export, flat_frame
from graphssl.report.runs.frame import load_frame


@pytest.fixture
def frame(make_run, runs):
    make_run((0.7, 0.8), overrides=["seed=0"], changes={"optimizer.lr": "auto"})
    make_run((0.6, 0.9), seed=1, changes={"optimizer.lr": 0.5})
    return load_frame(runs)


def test_csv_has_every_row_and_column_with_lists_as_json(frame, runs, tmp_path):
    path = tmp_path / "runs.csv"
    with pytest.raises(SystemExit) as caught:
        main([str(runs), "--export", str(path)])
    assert caught.value.code == 0
    back = pd.read_csv(path)
    assert list(back.columns) == list(frame.columns)
    assert back["score"].tolist() == pytest.approx(frame["score"].tolist(), abs=1e-12)
    assert json.loads(back["score_by_split"][1]) == pytest.approx([60.0, 90.0])
    assert json.loads(back["overrides"][0]) == ["seed=0"]


def test_columns_of_mixed_types_are_text(frame):
    flat = flat_frame(frame)
    assert flat["optimizer.lr"].tolist() == ["auto", "0.5"]
    for key in flat:
        assert len({type(value) for value in flat[key].dropna()}) < 2, key


def test_parquet(frame, tmp_path):
    pytest.importorskip("pyarrow")
    export(frame, str(tmp_path / "runs.parquet"))
    back = pd.read_parquet(tmp_path / "runs.parquet")
    assert back["score"].tolist() == frame["score"].tolist()


def test_wandb_gets_the_table(frame, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.chdir(tmp_path)
    export(frame, "wandb:graphssl")
    (table,) = tmp_path.glob("wandb/offline-run-*/files/media/table/*.json")
    assert len(json.loads(table.read_text())["data"]) == 2


@pytest.mark.parametrize(
    ("target", "missing", "line"),
    [
        ("x.parquet", "pyarrow", 'pip install "graphssl-werank\\[parquet\\]"'),
        ("wandb:p", "wandb", 'pip install "graphssl-werank\\[wandb\\]"'),
        ("x.xls", "", "no such form; there are FILE.csv"),
        ("/dev/null/x.csv", "", "cannot be written"),
        (
            "no/such/folder/x.csv",
            "",
            "cannot be written: OSError: Cannot save file into a non-exis",
        ),
    ],
)
def test_what_cannot_be_written_is_one_line(frame, monkeypatch, target, missing, line):
    for name in (missing, "fastparquet"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=line) as caught:
        export(frame, target)
    assert "\n" not in str(caught.value)
