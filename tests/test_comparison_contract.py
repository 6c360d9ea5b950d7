"""Every norm, optimizer, parametrization and regularizer trains, resumes and is loaded exactly."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.in_process import whole_as_resumed

import graphssl
from graphssl.config import build
from graphssl.config.compose import compose, resolved
from graphssl.config.folder import config_dir
from graphssl.pipeline.embed import embed
from graphssl.results.identity import identity

OPTIONS = [
    f"{group}={path.stem}"
    for group in ("norm", "optimizer", "parametrization", "regularizer")
    for path in sorted((config_dir() / group).glob("*.yaml"))
]
ON_EMBEDDING = [
    f"regularizer={name} regularizer.where=embedding"
    for name in ("ssge", "sigreg", "coding_rate", "decorrelation")
]
TOGETHER = [
    "parametrization=spectral optimizer=muon norm=group_whitening regularizer=sigreg",
    "parametrization=orthogonal encoder=gat regularizer=werank",
]


@pytest.mark.parametrize(
    "options",
    [*TOGETHER, *(pytest.param(o, marks=pytest.mark.slow) for o in (*OPTIONS, *ON_EMBEDDING))],
)
def test_going_on_is_exact_and_the_loaded_encoder_is_the_trained_one(
    options, small_config, tmp_path, monkeypatch
):
    if "muon" in options and not hasattr(torch.optim, "Muon"):
        pytest.skip("torch before 2.9")
    args = [
        *small_config, *options.split(), "recipe.channels=[16,16]", "recipe.dropout=0.3",
        "probe=[]", "dataset.num_nodes=60", "trainer.steps=6", "trainer.checkpoint_every=4",
        "trainer.eval_every=0", "diagnostics.every=3", "save_embeddings=true",
    ]  # fmt: skip
    whole = whole_as_resumed(monkeypatch, tmp_path, args, step=4)

    graph = build.dataset(compose(args)[0]).graph
    loaded = embed(graphssl.load_run(whole.folder), graph)
    saved = np.load(Path(whole.folder) / "embeddings.npz")["embeddings"]
    assert np.array_equal(loaded.numpy(), saved)


def id_of(*overrides):
    return identity(resolved(compose(overrides)[0]))


def test_a_parametrization_is_part_of_the_id_and_none_is_not():
    plain = resolved(compose([])[0])
    without = {key: value for key, value in plain.items() if key != "parametrization"}
    assert identity(plain) == identity(without)
    ids = [
        id_of(),
        id_of("parametrization=orthogonal"),
        id_of("parametrization=orthogonal", "parametrization.layers=encoder"),
        id_of("parametrization=spectral"),
        id_of("parametrization=spectral", "parametrization.iterations=2"),
    ]
    assert len(set(ids)) == len(ids)
