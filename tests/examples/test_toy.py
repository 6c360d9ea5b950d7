"""The toy experiment: one run by the command line's way, and a tiny grid with its figure."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from rich.console import Console

import graphssl
from graphssl.cli import compose
from graphssl.config import build
from graphssl.examples.toy import NETWORKS, grid, main, ranks_over_training
from graphssl.examples.toy_figure import draw, table

EXPERIMENT = "experiment=toy_overparameterised"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return grid([(1, 16), (4, 16), (4, 8)], [0], overrides=["trainer.steps=12"])


def test_one_run_of_the_experiment_records_every_layer(tmp_path: Path) -> None:
    record = graphssl.run([EXPERIMENT, "trainer.steps=4", f"paths.runs={tmp_path}"])
    assert record.choices["dataset"] == "low_rank"
    assert record.dataset["edges"] == record.dataset["nodes"]
    rows = (Path(record.folder) / "metrics.jsonl").read_text().splitlines()
    logged = set().union(*map(json.loads, rows))
    for layer in range(8):
        assert any(f"encoder.acts.{layer}/effective_rank" in key for key in logged), layer


def test_the_linear_network_is_the_product_of_its_matrices() -> None:
    config, *_ = compose([EXPERIMENT])
    graph = build.dataset(config).graph
    encoder = build.objective(config, graph.num_features).encoder
    expected = graph.x.double().numpy()
    for conv in encoder.convs:
        assert conv.bias is None
        expected = expected @ conv.weight.detach().double().numpy().T
    found = encoder(graph.x, graph.edge_index).detach().numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_ranks_are_those_of_an_svd_at_the_start() -> None:
    config, *_ = compose([EXPERIMENT, "trainer.steps=1", "recipe.channels=[16,8]", "act=relu"])
    graph = build.dataset(config).graph
    encoder = build.objective(config, graph.num_features).encoder
    found = {r["layer"]: r["rank"] for r in ranks_over_training(config) if r["step"] == 0}
    z = graph.x.double()
    for layer in range(3):
        s = np.linalg.svd((z - z.mean(0)).numpy(), compute_uv=False)
        p = s[s > 1e-6 * s[0]] / s.sum()
        assert found[layer] == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-3), layer
        if layer < 2:
            z = torch.relu(z @ encoder.convs[layer].weight.detach().double().T)


def test_both_arms_start_from_the_same_weights_and_data(frame: pd.DataFrame) -> None:
    keys = ["network", "depth", "width", "layer"]
    untrained = frame[frame["step"] == 0].set_index(keys)
    none, werank = (untrained[untrained["regularizer"] == arm] for arm in ("none", "WERank"))
    pd.testing.assert_series_equal(none["rank"], werank["rank"])
    assert untrained.loc[untrained.index.get_level_values("layer") == 0, "rank"].nunique() == 1


def test_the_grid_has_every_cell_once_and_ends_at_the_last_step(frame: pd.DataFrame) -> None:
    keys = ["network", "regularizer", "depth", "width", "seed", "step", "layer"]
    assert not frame.duplicated(keys).any()
    assert sorted(frame["step"].unique()) == [0, 10, 12]
    assert len(frame) == len(NETWORKS) * 2 * 3 * (2 + 5 + 5)
    assert (frame["rank"] >= 1).all()
    assert (frame["rank"] <= np.where(frame["layer"] == 0, 32, frame["width"])).all()


def test_strong_werank_keeps_the_rank_of_a_linear_network_that_byol_loses() -> None:
    config, *_ = compose([EXPERIMENT, "recipe.channels=[32,32,32,32,32,32]"])
    kept, *_ = compose([EXPERIMENT, "recipe.channels=[32,32,32,32,32,32]", "regularizer=werank",
                       "regularizer.alpha=1"])  # fmt: skip
    without, with_werank = (ranks_over_training(c)[-1]["rank"] for c in (config, kept))
    assert with_werank > 1.5 * without


def test_looking_does_not_change_training() -> None:
    overrides = [EXPERIMENT, "trainer.steps=6", "norm=batch", "recipe.channels=[8,8]"]
    often, seldom = (compose([*overrides, f"diagnostics.every={k}"])[0] for k in (1, 6))
    ends = [[r["rank"] for r in ranks_over_training(c) if r["step"] == 6] for c in (often, seldom)]
    assert ends[0] == ends[1]


def test_the_figure_and_the_table_show_every_cell(frame: pd.DataFrame, tmp_path: Path) -> None:
    svg, png = draw(frame, tmp_path / "new")
    assert svg.read_text().lstrip().startswith("<?xml")
    assert png.read_bytes()[:4] == b"\x89PNG"
    page = io.StringIO()
    Console(width=80, file=page).print(table(frame))
    shown = page.getvalue()
    assert "..." not in shown
    assert "…" not in shown
    for word in ("linear", "ReLU", "untrained", "BYOL + WERank", "1x16", "4x16", "4x8"):
        assert word in shown
    last = frame[(frame["step"] == 12) & (frame["layer"] == 4) & (frame["width"] == 16)]
    for rank in last["rank"]:
        assert f"{rank:.1f}" in shown


def test_help_names_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "--alpha" in shown
    assert "--out" in shown


def test_an_option_that_cannot_work_is_one_line() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["trainer.steps=0"])
    assert (
        stopped.value.code
        == "graphssl: error: trainer.steps must be a whole number, 1 or more, got 0"
    )
