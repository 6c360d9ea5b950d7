"""How often a run does what it needs once: counted, not timed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import graphssl
from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.data import custom
from graphssl.diagnostics import collapse
from graphssl.diagnostics.neighbourhood import neighbourhood_diagnostics
from graphssl.diagnostics.summary import representation_diagnostics
from graphssl.pipeline import embed, left, prepare
from graphssl.results import identity
from graphssl.training.settings import TrainerSettings

FEW = ("probe.protocols.random_10_10_80.num_splits=2", "trainer.steps=4", "trainer.eval_every=2")


@pytest.fixture
def counts(monkeypatch) -> Counter:
    """Calls of the functions that are watched, by name."""
    monkeypatch.setattr(build, "_made", {})
    seen: Counter = Counter()

    def watch(owner, name, key=None):
        real = getattr(owner, name)

        def counted(*args, **kwargs):
            seen[key or name] += 1
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, counted)

    watch(embed, "encode")
    watch(collapse, "layer_outputs")
    watch(identity, "with_public_names", "id")
    watch(TrainerSettings, "__post_init__", "settings")
    watch(build, "dataset")
    watch(build, "objective")
    watch(prepare, "content_hash")
    return seen


def rows(record) -> list[dict]:
    lines = (Path(record.folder) / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_run_does_everything_once(small_run, counts):
    small_run(*FEW, "save_embeddings=true", "diagnostics=end", "probe=[random_10_10_80,grace]")
    # Looks after steps 2 and 4. The second is the final embedding: probed twice, saved, recorded.
    assert counts.pop("encode") == 2
    assert counts.pop("layer_outputs") == 1
    assert counts == dict.fromkeys(["id", "settings", "dataset", "objective", "content_hash"], 1)


def test_a_selected_last_step_is_not_measured_again(small_run, counts):
    select = ("trainer.select=effective_rank_centred", "trainer.eval_every=4", "diagnostics=end")
    record = small_run(*FEW, *select, "save_embeddings=true")
    assert record.selection["step"] == 4
    assert (counts["encode"], counts["layer_outputs"]) == (1, 1)


def test_a_selected_earlier_step_is_measured_as_it_is_kept(small_run, counts):
    # A learning rate that ruins the network after the first step.
    select = ("trainer.select=effective_rank_centred", "trainer.eval_every=1", "recipe.lr=1.0")
    record = small_run(*FEW, *select, "regularizer=none", "save_embeddings=true", "norm=none")
    looks = {r["step"]: r for r in rows(record) if "val_accuracy" in r}
    ranks = {step: look["effective_rank_centred"] for step, look in looks.items()}
    step = record.selection["step"]
    assert step < 4
    assert ranks[step] == max(ranks.values()) != ranks[4]
    assert record.diagnostics["representation"]["effective_rank_centred"] == ranks[step]
    z = np.load(Path(record.folder) / "embeddings.npz")["embeddings"].astype(np.float64)
    p = np.linalg.svd(z - z.mean(0), compute_uv=False)
    p = p[p > 1e-7 * p[0]] / p.sum()
    assert np.exp(-(p * np.log(p)).sum()) == pytest.approx(ranks[step], rel=1e-3)
    assert counts["encode"] == 5


def test_the_lowest_loss_is_measured_with_the_weights_it_is_the_loss_of(small_run):
    """They are those before the last step, after which a look has been taken too."""
    select = ("trainer.select=loss", "trainer.eval_every=1", "trainer.warmup=0", "recipe.lr=1e-3")
    record = small_run(*FEW, *select, "diagnostics.every=1")
    assert record.selection["step"] == 4
    config, *_ = compose(small_run.overrides)
    graph = build.dataset(config).graph
    z = embed.embed(graphssl.load_run(record.folder), graph)
    found = representation_diagnostics(z).values | neighbourhood_diagnostics(z, graph)
    assert record.diagnostics["representation"] == {"dimensions": 8, **found}
    last = [row for row in rows(record) if "embedding/std_min" in row][-1]
    assert last["step"] == 4
    key = "embedding/effective_rank_centred"
    assert record.diagnostics["embedding"]["effective_rank_centred"] != last[key]


@pytest.fixture
def untouched(monkeypatch):
    """From when it is called on, loading a graph or building a network is an error."""

    def never(*args):
        raise AssertionError("loaded")

    def forbid():
        monkeypatch.setattr(build, "dataset", never)
        monkeypatch.setattr(build, "objective", never)

    return forbid


def test_a_finished_run_is_recognised_before_its_graph_is_loaded(small_run, untouched, counts):
    first = small_run(*FEW)
    counts.clear()
    untouched()
    assert small_run(*FEW) == first
    tagged = small_run(*FEW, "+tags.study=late")
    assert tagged.config["tags"] == {"study": "late"}
    assert counts == {"id": 2}


def test_what_is_left_of_a_finished_run_needs_its_graph(small_run, counts):
    small_run(*FEW)
    for more in ("save_embeddings=true", "probe=[random_10_10_80,grace]", "force=true"):
        counts.clear()
        small_run(*FEW, more)
        assert counts["dataset"] == 1, more
        assert counts["encode"] == (2 if more == "force=true" else 1), more


def test_other_packages_might_make_another_graph(small_run, counts, monkeypatch):
    first = small_run(*FEW)
    counts.clear()
    monkeypatch.setattr(left, "packages", lambda: {"torch-geometric": "1.0"})
    assert small_run(*FEW) == first
    assert counts["content_hash"] == 1


def test_a_finished_run_on_a_file_is_recognised_by_its_bytes(tmp_path, monkeypatch):
    def save(seed):
        rng = np.random.default_rng(seed)
        edges, y = rng.integers(60, size=(2, 300)), np.arange(60) % 2
        np.savez(tmp_path / "mine.npz", x=rng.normal(size=(60, 5)), edge_index=edges, y=y)

    chosen = [
        "dataset=custom", f"dataset.path={tmp_path / 'mine.npz'}", "objective=untrained",
        "recipe.channels=[4]", "probe=[]", f"paths.runs={tmp_path / 'runs'}", "trainer.device=cpu",
    ]  # fmt: skip
    save(0)
    first, loads, read = graphssl.run(chosen), [], custom.CustomDataset.load

    def noting(self, *args):
        loads.append(self.path)
        return read(self, *args)

    monkeypatch.setattr(custom.CustomDataset, "load", noting)
    assert graphssl.run(chosen) == first
    assert loads == []
    save(1)
    assert graphssl.run(chosen).id != first.id
    assert len(loads) == 1
