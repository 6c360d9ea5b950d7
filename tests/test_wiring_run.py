"""A run's parts as they are put together: every number and every draw is made again from outside.

Nothing here asks graphssl what it did: seeds are derived by hashlib, networks run as plain PyG,
spectra come from NumPy, and compared is what a run recorded, saved or was seen to use.
"""

import copy
import hashlib
import json
import types
from pathlib import Path

import numpy as np
import pytest
import torch

import graphssl
from graphssl.augmentation.two_views import TwoViews
from graphssl.cli import compose
from graphssl.config import build
from graphssl.diagnostics import collapse
from graphssl.objectives.bgrl import BGRL
from graphssl.pipeline import looks
from graphssl.probing.protocols import CrossValidatedSplits
from graphssl.training.selection import Selection

PROBE = "probe.protocols.random_10_10_80"
FAST = (f"{PROBE}.num_splits=2", f"{PROBE}.log2_C=[0,1]")


def derived(seed: int, stream: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{stream}:{seed}".encode()).digest()[:8], "big") >> 1


def metrics(record) -> list[dict]:
    lines = (Path(record.folder) / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture
def watched(small_run, monkeypatch):
    """Runs, and hands back what was seen on the way: networks, masks, seeds of global streams."""

    def run(*overrides):
        seen = types.SimpleNamespace(views=[], dropout=[], kept=None, first=None)
        two_views, forward, apply = TwoViews.__call__, BGRL.forward, Selection.apply

        def noting_views(self, view, generator):
            views = two_views(self, view, generator)
            seen.views.append((generator, [(v.feature_mask, v.edge_mask) for v in views]))
            return views

        def noting_forward(self, view1, view2):
            if self.training:
                seen.dropout.append(torch.initial_seed())
                seen.first = seen.first or copy.deepcopy(self.state_dict())
            return forward(self, view1, view2)

        def noting_apply(self, objective):
            apply(self, objective)
            seen.kept = copy.deepcopy(objective)

        with monkeypatch.context() as patch:
            patch.setattr(TwoViews, "__call__", noting_views)
            patch.setattr(BGRL, "forward", noting_forward)
            patch.setattr(Selection, "apply", noting_apply)
            seen.record = small_run(*overrides)
        return seen

    return run


def graph_of(small_run, *overrides):
    config, *_ = compose([*small_run.overrides, *overrides])
    return build.dataset(config)


# ---- seeds


def test_every_seed_has_weights_masks_and_dropout_of_its_own(watched, small_run):
    options = ("trainer.steps=2", "trainer.eval_every=0", "diagnostics=end", "probe=[]")
    runs = {seed: watched(f"seed={seed}", *options) for seed in (0, 1)}
    graph = graph_of(small_run).graph
    for seed, seen in runs.items():
        assert set(seen.dropout) == {derived(seed, "dropout")}
        twin = torch.Generator().manual_seed(derived(seed, "augmentation"))
        p = ((0.1, 0.4), (0.2, 0.1))  # of features and edges, in each view
        # before the steps a look at the start, on the views of the first one
        start, *drawn_views = [views for _, views in seen.views[:3]]
        assert all(
            torch.equal(a, b)
            for one, other in zip(start, drawn_views[0], strict=True)
            for a, b in zip(one, other, strict=True)
        )
        for views in drawn_views:
            for (features, edges), (p_features, p_edges) in zip(views, p, strict=True):
                drawn = torch.rand(graph.num_features, generator=twin)
                assert torch.equal(features, drawn >= p_features)
                drawn = torch.rand(graph.num_edges, generator=twin)
                assert torch.equal(edges, drawn >= p_edges)
        # the look at the end draws from a stream of its own
        generator, ((features, _), _) = seen.views[3]
        twin = torch.Generator().manual_seed(derived(seed, "diagnostics"))
        drawn = torch.rand(graph.num_features, generator=twin)
        assert torch.equal(features, drawn >= 0.1)
        assert generator is not seen.views[1][0]
    zero, one = (runs[seed].first for seed in (0, 1))
    matrices = [name for name, weight in zero.items() if weight.ndim == 2]
    assert len(matrices) == 6  # encoder, target, predictor: two each
    for name in matrices:
        assert not torch.equal(zero[name], one[name]), name


def test_initial_weights_come_from_the_stream_of_the_seed(watched, small_run):
    seen = watched("seed=3", "trainer.steps=1", "probe=[]")
    config, *_ = compose([*small_run.overrides, "seed=99"])
    with torch.random.fork_rng():
        torch.manual_seed(derived(3, "init"))
        encoder = build.encoder(config, 64)
    for name, weight in encoder.state_dict().items():
        if weight.ndim == 2:
            assert torch.equal(seen.first[f"encoder.{name}"], weight), name


def test_nothing_depends_on_the_global_streams(small_run):
    options = (
        "encoder=gat", "+encoder.conv.dropout=0.5", *FAST,
        "trainer.steps=3", "trainer.eval_every=1",
    )  # fmt: skip
    rows, records = [], []
    for seed in (11, 12):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        records.append(small_run("force=true", *options))
        rows.append([row["loss"] for row in metrics(records[-1]) if "loss" in row])
    assert rows[0] == rows[1]
    assert records[0].scores == records[1].scores
    assert records[0].diagnostics == records[1].diagnostics


def test_splits_and_folds_depend_on_the_split_seed_alone(small_run, monkeypatch):
    asked = []
    splits, score = CrossValidatedSplits.splits, CrossValidatedSplits.score

    def noting_splits(self, dataset, seed):
        asked.append(("splits", seed))
        return splits(self, dataset, seed)

    def noting_score(self, embeddings, y, found, seed):
        asked.append(("folds", seed))
        return score(self, embeddings, y, found, seed)

    monkeypatch.setattr(CrossValidatedSplits, "splits", noting_splits)
    monkeypatch.setattr(CrossValidatedSplits, "score", noting_score)
    official = "probe.protocols.bgrl_official"
    small_run(
        "objective=raw", "seed=5", "probe=[bgrl_official]", "probe.split_seed=2",
        f"{official}.num_splits=1", f"{official}.solver=batched", f"{official}.log2_C=[0,1]",
    )  # fmt: skip
    assert asked == [("splits", 2), ("folds", 2)]


# ---- looks


def spectrum(z: torch.Tensor, centred: bool) -> np.ndarray:
    rows = z.double().numpy()
    return np.linalg.svd(rows - rows.mean(0) * centred, compute_uv=False)


def effective_rank(s: np.ndarray) -> float:
    p = s / s.sum()
    p = p[p > 1e-12]
    return float(np.exp(-(p * np.log(p)).sum()))


def test_what_is_measured_is_the_saved_network_on_the_untouched_graph_in_eval_mode(
    watched, small_run
):
    """Recomputed in plain PyG and NumPy from the weights that the run kept."""
    seen = watched(*FAST, "trainer.steps=12", "diagnostics.every=5", "save_embeddings=true")
    record, network = seen.record, seen.kept.eval()
    graph = graph_of(small_run).graph
    with torch.no_grad():
        h = network.encoder(graph.x, graph.edge_index)
        q = network.predictor(h)
        first = network.encoder.convs[0](graph.x, graph.edge_index)
        normed = network.encoder.norms[0](first)
    saved = torch.load(Path(record.folder) / "encoder.pt")
    assert all(torch.equal(saved[key], w) for key, w in network.encoder.state_dict().items())
    embeddings = np.load(Path(record.folder) / "embeddings.npz")["embeddings"]
    np.testing.assert_allclose(embeddings, h, rtol=1e-4, atol=1e-5)

    (last,) = [row for row in metrics(record) if row["step"] == 12 and "embedding/std_min" in row]
    spectra = np.load(Path(record.folder) / "spectra.npz")
    places = {
        "representation": h, "embedding": q, "encoder.convs.0": first, "encoder.norms.0": normed,
        "encoder.acts.1": h, "predictor": q,
    }  # fmt: skip
    for where, z in places.items():
        for centred, name in ((True, "centred"), (False, "uncentred")):
            s = spectrum(z, centred)
            rank = effective_rank(s)
            assert last[f"{where}/effective_rank_{name}"] == pytest.approx(rank, rel=1e-4), where
            np.testing.assert_allclose(spectra[f"12/{where}/{name}"], s, rtol=1e-3, atol=1e-3)
            if where in ("representation", "embedding"):
                found = record.diagnostics[where][f"effective_rank_{name}"]
                assert found == pytest.approx(rank, rel=1e-4)
    ranks = [effective_rank(spectrum(z, True)) for z in (h, q)]
    assert abs(ranks[0] - ranks[1]) > 1e-2  # else the test could not tell one from the other
    (quick,) = [row for row in metrics(record) if row["step"] == 12 and "val_accuracy" in row]
    assert quick["effective_rank_centred"] == pytest.approx(ranks[0], rel=1e-4)

    weights = {name: w for name, w in network.named_parameters() if w.ndim == 2 and w.requires_grad}
    largest = {key for key in record.diagnostics["weights"] if key.endswith("/largest")}
    assert {f"{name.removesuffix('.weight')}/largest" for name in weights} == largest
    for name, w in weights.items():
        s = torch.linalg.svdvals(w.detach())
        key = f"{name.removesuffix('.weight')}/largest"
        assert record.diagnostics["weights"][key] == pytest.approx(s[0].item(), rel=1e-5)


def test_alignment_is_that_of_the_diagnostics_views_in_eval_mode(watched, small_run):
    seen = watched("trainer.steps=6", "probe=[]", "trainer.eval_every=0", "diagnostics=end")
    network = seen.kept.eval()
    graph = graph_of(small_run).graph
    _, views = seen.views[-1]
    with torch.no_grad():
        h = [network.encoder(graph.x * f, graph.edge_index[:, e]) for f, e in views]
        pairs = {"representation": h, "embedding": [network.predictor(z) for z in h]}
    (last,) = [row for row in metrics(seen.record) if "representation/alignment" in row]
    for where, z in pairs.items():
        u, v = (torch.nn.functional.normalize(one, dim=1) for one in z)
        expected = (u - v).square().sum(1).mean().item()
        assert last[f"{where}/alignment"] == pytest.approx(expected, rel=1e-4)


def test_a_look_sees_the_untouched_graph(small_run, monkeypatch):
    seen = []
    outputs = collapse.layer_outputs

    def noting(objective, view):
        seen.append(view)
        return outputs(objective, view)

    monkeypatch.setattr(collapse, "layer_outputs", noting)
    small_run(*FAST, "trainer.steps=4", "diagnostics.every=2")
    assert len(seen) == 3
    assert all(view.feature_mask is None and view.edge_mask is None for view in seen)
    assert seen[0].graph is seen[2].graph


def test_the_last_step_is_looked_at_whatever_the_pace(small_run):
    record = small_run(
        *FAST, "trainer.steps=7", "trainer.log_every=3", "trainer.eval_every=4",
        "diagnostics.every=5",
    )  # fmt: skip
    rows = metrics(record)

    def steps(key):
        return [row["step"] for row in rows if key in row]

    assert steps("loss") == [3, 6, 7]
    assert steps("val_accuracy") == [4, 7]
    assert steps("embedding/std_min") == [0, 5, 7]
    spectra = np.load(Path(record.folder) / "spectra.npz")
    assert sorted({int(key.split("/")[0]) for key in spectra}) == [0, 5, 7]


# ---- splits: which nodes are looked at


def test_selection_looks_at_the_validation_nodes_of_the_runs_own_split(small_run, monkeypatch):
    looked = []
    monkeypatch.setattr(looks, "quick_accuracy", lambda rows, y, split: looked.append(split) or 0.5)
    options = ("trainer.select=val_accuracy", "trainer.steps=4", "trainer.eval_every=2")
    for seed in (0, 1):
        looked.clear()
        record = small_run(f"seed={seed}", *options, *FAST)
        data = graph_of(small_run)
        config, *_ = compose([*small_run.overrides, *FAST])
        splits = build.protocols(config)["random_10_10_80"].splits(data, 0)
        assert record.split == seed % 2
        assert len(looked) == 2
        for split in looked:
            for found, expected in zip(split, splits[seed % 2], strict=True):
                np.testing.assert_array_equal(found, expected)


def test_equal_looks_keep_the_earliest(small_run, monkeypatch):
    monkeypatch.setattr(looks, "quick_accuracy", lambda rows, y, split: 0.5)
    record = small_run(
        "trainer.select=val_accuracy", "trainer.steps=6", "trainer.eval_every=2", *FAST
    )
    assert record.selection == {"metric": "val_accuracy", "step": 2, "value": 0.5}


def test_a_loaded_encoder_is_in_eval_mode_with_the_saved_statistics(small_run):
    record = small_run("trainer.steps=3", "probe=[]")
    encoder = graphssl.load_run(record.folder)
    assert not any(module.training for module in encoder.modules())
    saved = torch.load(Path(record.folder) / "encoder.pt")
    assert sorted(saved) == sorted(encoder.state_dict())
    assert saved["norms.0.running_mean"].abs().max() > 0
