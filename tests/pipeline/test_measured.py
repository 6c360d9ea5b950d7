"""Measures of every layer, and those that are named, in the record and its frame."""

import pytest
import torch

import graphssl
from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.diagnostics.cka import linear_cka
from graphssl.diagnostics.lidar import lidar
from graphssl.errors import ConfigError
from graphssl.report.runs.frame import load_frame
from graphssl.seeding import generator

FAST = ("trainer.steps=4", "trainer.eval_every=0", "diagnostics=end", "probe=[]")
BOTH = "diagnostics.also=[lidar,cka]"


def test_every_layer_of_the_encoder_is_in_the_record_and_in_the_frame(small_run):
    record = small_run(*FAST)
    layers = [f"encoder.{part}.{i}" for i in (0, 1) for part in ("convs", "norms", "acts")]
    assert set(record.diagnostics) == {"representation", "embedding", "weights", *layers}
    last, representation = (
        record.diagnostics["encoder.acts.1"],
        record.diagnostics["representation"],
    )
    assert {"dimensions": 8, **last} == pytest.approx(representation, rel=1e-5)
    (row,) = load_frame(small_run.runs).to_dict("records")
    for measure in ("effective_rank_centred", "dirichlet_energy", "neighbour_homophily"):
        assert row[f"encoder.acts.0/{measure}"] == record.diagnostics["encoder.acts.0"][measure]


def test_named_measures_are_those_of_the_kept_encoder(small_run):
    record = small_run(*FAST, BOTH)
    config, *_ = compose([*small_run.overrides, *FAST, BOTH])
    graph, encoder = build.dataset(config).graph, graphssl.load_run(record.folder)
    with torch.no_grad():
        first = encoder.acts[0](encoder.norms[0](encoder.convs[0](graph.x, graph.edge_index)))
        cka = linear_cka(first, encoder(graph.x, graph.edge_index))
        stream, augmentation = generator(0, "diagnostics"), build.augmentation(config)
        views = [v for _ in range(5) for v in augmentation(graph.view(), stream)]
        rows = torch.stack([encoder(v.x, v.edge_index) for v in views])
    found = record.diagnostics
    assert found["cka"] == {"encoder.acts.0~encoder.acts.1": pytest.approx(cka, rel=1e-5)}
    assert found["representation"]["lidar"] == pytest.approx(lidar(rows), rel=1e-4)
    (row,) = load_frame(small_run.runs).to_dict("records")
    assert row["representation/lidar"] == found["representation"]["lidar"]
    assert row["cka/encoder.acts.0~encoder.acts.1"] == found["cka"]["encoder.acts.0~encoder.acts.1"]


def test_a_finished_run_is_measured_without_training(small_run, monkeypatch, tmp_path):
    plain = small_run(*FAST)
    at_once = graphssl.run([*small_run.overrides, *FAST, BOTH, f"paths.runs={tmp_path / 'other'}"])
    monkeypatch.setattr("graphssl.pipeline.run.pretrain", None)  # calling it is an error
    small_run(*FAST, "diagnostics.also=lidar")
    later = small_run(*FAST, BOTH)
    assert later.id == plain.id == at_once.id
    assert later.diagnostics == at_once.diagnostics
    assert plain.diagnostics["encoder.acts.0"] == later.diagnostics["encoder.acts.0"]
    monkeypatch.setattr("graphssl.pipeline.measured.named_measures", None)
    assert small_run(*FAST, BOTH).diagnostics == later.diagnostics  # nothing is left
    assert small_run(*FAST).diagnostics == later.diagnostics


def test_measuring_moves_no_weight(small_run, tmp_path):
    paths = [f"paths.runs={tmp_path / name}" for name in ("one", "two")]
    more = ["diagnostics.every=1", BOTH, "trainer.eval_every=1"]
    one = graphssl.run([*small_run.overrides, *FAST, paths[0]])
    two = graphssl.run([*small_run.overrides, *FAST, *more, paths[1]])
    assert one.id == two.id
    for a, b in zip(*(graphssl.load_run(r.folder).parameters() for r in (one, two)), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("also", "shown"), [("[lider]", "'lider'"), ("3", "3"), ("[[]]", r"\[\]")])
def test_an_unknown_measure_is_one_line_before_training(small_run, also, shown):
    with pytest.raises(ConfigError, match=f"diagnostics.also must be one of .*, got {shown}$"):
        small_run(*FAST, f"diagnostics.also={also}")
    assert not small_run.runs.exists()


def test_nothing_is_named_by_null_and_one_layer_has_no_pair(small_run):
    one_layer = ("recipe.channels=[8]", "diagnostics.also=cka")
    assert "cka" not in small_run(*FAST, *one_layer).diagnostics
    assert "cka" not in small_run(*FAST, "diagnostics.also=null").diagnostics
