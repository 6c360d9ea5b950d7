import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from small_bgrl import bgrl

from graphssl.training.clock import Clock, RunningClock

PARTS = {
    "augmentation", "online", "target", "loss", "regularizer", "backward", "optimizer", "EMA",
    "observers", "other",
}  # fmt: skip
CPU = torch.device("cpu")


def numbers(record):
    """All of a record but what depends on the clock and on the command line."""

    def untimed(row):
        return {k: v for k, v in row.items() if "second" not in k and k != "peak_memory_mib"}

    content = json.loads(json.dumps(asdict(record), default=str))
    content["training"] = untimed(content["training"])
    for key in ("created", "config", "overrides", "environment"):
        content.pop(key)
    lines = (Path(record.folder) / "metrics.jsonl").read_text().splitlines()
    rows = [untimed(json.loads(x)) for x in lines]
    return content, rows, torch.load(Path(record.folder) / "encoder.pt", weights_only=True)


@pytest.mark.parametrize("objective", ["bgrl", "byol"])
def test_a_profile_lists_every_part_and_changes_no_number(small_run, objective):
    options = (f"objective={objective}", "regularizer=werank", "force=true")
    plain = numbers(small_run(*options))
    assert not (Path(plain[0]["folder"]) / "profile.json").exists()
    profiled = small_run(*options, "trainer.profile=true")
    profile = json.loads((Path(profiled.folder) / "profile.json").read_text())
    content, rows, weights = numbers(profiled)
    assert content == plain[0]
    assert rows == plain[1]
    assert all(torch.equal(weights[key], value) for key, value in plain[2].items())
    assert set(profile["parts"]) == PARTS
    assert all(part["ms"] > 0 for part in profile["parts"].values())
    assert profile["steps"] == 20
    parts_ms = sum(part["ms"] for part in profile["parts"].values())
    assert 0.9 * profile["step_ms"] < parts_ms <= profile["step_ms"] * (1 + 1e-9)
    assert sum(part["share"] for part in profile["parts"].values()) <= 1 + 1e-9


def test_the_table_is_in_the_log(small_run, caplog):
    with caplog.at_level("INFO", logger="graphssl.pipeline.pretrain"):
        small_run("trainer.profile=true")
    (table,) = [r.getMessage() for r in caplog.records if "mean of 20" in r.getMessage()]
    assert all(part in table for part in PARTS - {"regularizer"})


def test_a_part_inside_another_is_counted_once():
    clock = RunningClock(CPU)
    started = time.perf_counter()
    with clock("outer"):
        with clock("inner"):
            time.sleep(0.02)
        with clock("inner"), clock("inner"):
            time.sleep(0.02)
    assert clock.seconds["inner"] >= 0.04
    assert clock.seconds["outer"] + clock.seconds["inner"] == pytest.approx(clock.total)
    assert clock.total <= time.perf_counter() - started


def test_networks_are_as_before_outside_the_block():
    objective, clock = bgrl(4), RunningClock(CPU)
    before = [dict(child.__dict__) for child in objective.children()]
    with clock.networks(objective):
        assert "encode_view" in objective.encoder.__dict__
    assert [dict(child.__dict__) for child in objective.children()] == before


def test_a_clock_that_is_off_is_nothing():
    clock, objective = Clock(), bgrl(4)
    assert clock("loss") is clock("backward") is clock.networks(objective)
    with clock("loss"), clock("loss"):
        assert "forward" not in objective.predictor.__dict__
