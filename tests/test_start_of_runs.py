"""What a run measures before it trains, and what it refuses to start from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import graphssl
from graphssl.cli import compose
from graphssl.config import build
from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.diagnostics.neighbourhood import neighbourhood_diagnostics
from graphssl.diagnostics.summary import representation_diagnostics
from graphssl.encoders.encoding import encode
from graphssl.errors import ConfigError, DataError, TrainingError
from graphssl.pipeline.embed import embed
from graphssl.seeding import generator

QUICK = (
    "probe.protocols.random_10_10_80.num_splits=1", "trainer.steps=2", "trainer.eval_every=0",
    "trainer.select=last",
)  # fmt: skip


def looks(record):
    lines = (Path(record.folder) / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {r["step"]: r for r in rows if "representation/spread_centred" in r}


@pytest.mark.parametrize(
    "options",
    [
        ["objective=bgrl"],
        ["objective=byol", "trainer.precision=bf16"],
        ["objective=supervised"],
        ["encoder=gin"],
        ["encoder=gat", "+encoder.conv.dropout=0.5"],
    ],
    ids=" ".join,
)
def test_a_step_without_learning_changes_no_measure(small_run, options):
    """The learning rate of the first step is 0, so step 0 and step 1 are the same network."""
    found = looks(
        small_run("norm=batch", "diagnostics.every=1", "trainer.warmup=0.5", *QUICK, *options)
    )
    for name, value in found[0].items():
        # a target has moved towards the online network
        if name != "step" and not name.startswith("target"):
            assert found[1][name] == pytest.approx(value, rel=1e-6, abs=1e-9), name
    assert found[2] != found[1]


def test_an_untrained_run_is_one_network_everywhere(small_run):
    record = small_run("objective=untrained", "save_embeddings=true", *QUICK)
    encoder = graphssl.load_run(record.folder)
    assert all(norm.num_batches_tracked > 0 for norm in encoder.norms)
    config, *_ = compose(small_run.overrides)
    graph = build.dataset(config).graph
    z = embed(encoder, graph)
    saved = np.load(Path(record.folder) / "embeddings.npz")["embeddings"]
    np.testing.assert_array_equal(saved, z.numpy())
    found = representation_diagnostics(z).values | neighbourhood_diagnostics(z, graph)
    assert {"dimensions": 8, **found} == record.diagnostics["representation"]
    again = small_run("objective=untrained", "probe=[grace]", *QUICK[1:])  # from encoder.pt
    assert again.id == record.id


def test_the_record_measures_the_saved_network(small_run, monkeypatch):
    """Diagnostics recomputed from the weights, in eval mode, on the untouched graph."""
    from graphssl.pipeline import pretrain

    kept = []
    monkeypatch.setattr(
        pretrain, "save_atomically", lambda content, path: torch.save(content, path)
    )
    select = pretrain.Selection.apply

    def noting(self, objective):
        select(self, objective)
        kept.append(objective)

    monkeypatch.setattr(pretrain.Selection, "apply", noting)
    record = small_run("objective=byol", "norm=batch", *QUICK)
    (objective,) = kept
    config, *_ = compose(["objective=byol", *small_run.overrides])
    graph = build.dataset(config).graph
    z = embed(graphssl.load_run(record.folder), graph)
    found = representation_diagnostics(z).values | neighbourhood_diagnostics(z, graph)
    assert record.diagnostics["representation"] == {"dimensions": 8, **found}
    with torch.no_grad():
        h = encode(objective.encoder.eval(), graph.view())
        q = objective.eval().predictor(objective.projector(h))
        torch.testing.assert_close(h, z)
        views = build.augmentation(config)(graph.view(), generator(0, "diagnostics"))
        aligned = collapse_diagnostics(objective, graph.view(), lambda: views).values
    expected = representation_diagnostics(q).values | neighbourhood_diagnostics(q, graph)
    embedding = dict(record.diagnostics["embedding"])
    assert embedding.pop("alignment") == pytest.approx(aligned["embedding/alignment"])
    assert embedding == pytest.approx(expected)
    ranks = [record.diagnostics[k]["rankme_centred"] for k in ("representation", "embedding")]
    assert ranks[0] != pytest.approx(ranks[1], rel=1e-2)


def test_the_width_is_the_number_of_dimensions(small_run):
    """Of 120 nodes and 200 dimensions, where there are no more than 120 singular values."""
    record = small_run("recipe.channels=[200]", *QUICK)
    assert record.diagnostics["representation"]["dimensions"] == 200


OBJECTIVES = ["bgrl", "byol", "supervised", "untrained", "raw"]


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize(
    ("features", "weights", "cause"),
    [
        (1e20, None, r"features from \d.*e\+\d+ to \d.*e\+\d+"),
        (1e-30, None, r"features from \d.*e-\d+ to \d.*e-\d+"),
        (1.0, 1e30, r"edge weights from 1e\+30 to 1e\+30"),
        (0.0, None, "same for every node: features all 0"),
    ],
    ids=str,
)
def test_badly_scaled_input_is_an_error(
    small_run, monkeypatch, objective, features, weights, cause
):
    load = build.dataset

    def scaled(config):
        data = load(config)
        graph = replace(data.graph, x=data.graph.x * features)
        if weights is not None:
            graph = replace(graph, edge_weight=torch.full((graph.num_edges,), weights))
        return replace(data, graph=graph)

    monkeypatch.setattr(build, "dataset", scaled)
    with pytest.raises(DataError, match=rf"^sbm: before the first step .*{cause}"):
        small_run(f"objective={objective}", "diagnostics.every=null", *QUICK)


class Returning(nn.Module):
    """An encoder that returns what ``change`` makes of its output."""

    def __init__(self, in_channels, change):
        super().__init__()
        self.lin, self.out_channels = nn.Linear(in_channels, 8), 8
        self.change = change

    def forward(self, x, edge_index, edge_weight=None):
        h = self.lin(x)
        return {
            "float64": h.double, "float16": h.half, "narrow": lambda: h[:, :3],
            "short": lambda: h[:5], "tuple": lambda: (h, h), "None": lambda: None,
            "infinite": lambda: h / 0.0, "put_": lambda: h.put_(torch.tensor([0]), torch.ones(1)),
        }[self.change]()  # fmt: skip

    def reset_parameters(self):
        self.lin.reset_parameters()


def returning(change):
    return ("~encoder", f"+encoder={{_target_:test_start_of_runs.Returning,change:{change}}}")


@pytest.mark.parametrize("objective", ["bgrl", "untrained", "supervised"])
@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("float64", r"\(120, 8\) torch\.float64"),
        ("float16", r"\(120, 8\) torch\.float16"),
        ("narrow", r"\(120, 3\) torch\.float32"),
        ("short", r"\(5, 8\) torch\.float32"),
        ("tuple", "tuple"),
        ("'None'", "NoneType"),
    ],
)
def test_an_encoder_that_returns_something_else(small_run, objective, change, found):
    needed = r"must return a tensor \(nodes, out_channels\) = \(120, 8\) torch\.float32"
    with pytest.raises(ConfigError, match=rf"^encoder Returning {needed}, got {found}$"):
        small_run(f"objective={objective}", "diagnostics.every=null", *returning(change), *QUICK)


def test_nan_at_the_first_forward_is_an_error_without_looks_too(small_run):
    with pytest.raises(DataError, match=r"before the first step .* has NaN or infinite values"):
        small_run("diagnostics.every=null", *returning("infinite"), *QUICK)


def test_a_callers_default_type_changes_nothing(small_run):
    record = small_run(*QUICK)
    torch.set_default_dtype(torch.float64)
    try:
        again = small_run("force=true", *QUICK)
        encoder = graphssl.load_run(again.folder)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert again.diagnostics == record.diagnostics
    assert {p.dtype for p in encoder.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    ("optimizer", "said"),
    [("LBFGS", "closure"), ("SparseAdam", "does not support dense gradients")],
)
def test_an_optimizer_that_needs_more_than_gradients(small_run, optimizer, said):
    with pytest.raises(ConfigError, match=rf"^optimizer {optimizer} fails at a step .*{said}"):
        small_run(f"optimizer._target_=torch.optim.{optimizer}", "~optimizer.weight_decay", *QUICK)


def test_a_learning_rate_that_no_float_holds_is_named(small_run):
    with pytest.raises(
        ConfigError, match=r"^optimizer AdamW fails .* without overflow; got lr=1e\+300"
    ):
        small_run("optimizer.lr=1e300", *QUICK)


def test_deterministic_runs_say_which_operation_is_not(small_run):
    options = (*returning("put_"), "objective=untrained", *QUICK)
    small_run(*options)
    with pytest.raises(TrainingError, match=r"^trainer\.deterministic=true: put_.*; trainer\.det"):
        small_run("trainer.deterministic=true", "force=true", *options)
    assert not torch.are_deterministic_algorithms_enabled()
