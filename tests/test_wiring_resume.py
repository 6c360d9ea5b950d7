"""What a checkpoint, a selection and the files of a run carry over an interruption: everything."""

import copy
import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch_geometric.nn import GATConv

from graphssl.augmentation.drop_edges import DropEdges
from graphssl.augmentation.two_views import TwoViews
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.heads import MLPHead
from graphssl.objectives.bgrl import BGRL
from graphssl.regularizers.none import NoRegularizer
from graphssl.training.checkpoint import Checkpointer
from graphssl.training.loop import TrainingState, train
from graphssl.training.metrics import MetricsFile
from graphssl.training.selection import Selection
from graphssl.training.settings import TrainerSettings
from graphssl.training.spectra import SpectraFile

VIEWS = TwoViews({"edges": DropEdges(0.3)}, {"edges": DropEdges(0.1)})


def make_state(graph, seed):
    torch.manual_seed(seed)
    conv = partial(GATConv, dropout=0.5)
    encoder = ConvStack(graph.num_features, [8], conv, nn.PReLU, nn.BatchNorm1d)
    objective = BGRL(encoder, partial(MLPHead, hidden_channels=6, batch_norm=True))
    optimizer = torch.optim.AdamW(objective.trainable_parameters(), lr=1e-2)
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    return TrainingState(objective, optimizer, torch.Generator().manual_seed(seed))


def steps(state, graph, total, observers=()):
    settings = TrainerSettings(steps=total, warmup=0.0)
    train(state, graph, VIEWS, NoRegularizer(), settings, list(observers))


def moved(state, selection):
    """Everything that training moves, by name."""
    optimizer = state.optimizer.state_dict()["state"]
    return {
        **{f"objective/{k}": v.clone() for k, v in state.objective.state_dict().items()},
        **{f"optimizer/{i}/{k}": v.clone() for i, s in optimizer.items() for k, v in s.items()},
        "generator": state.generator.get_state(),
        "global stream": torch.get_rng_state(),
        "step": torch.tensor(state.step),
        "seconds": torch.tensor(state.seconds),
        "best": torch.tensor([selection.best, selection.step]),
        **{f"selected/{k}": v.clone() for k, v in selection.state_dict()["objective"].items()},
    }


def test_a_checkpoint_brings_back_all_that_training_moves(graph, tmp_path):
    state, selection = make_state(graph, 0), Selection("val_accuracy")
    steps(state, graph, 3)
    selection.offer(state.objective, {"val_accuracy": 0.7}, 3)
    steps(state, graph, 6)
    state.seconds = 12.5
    Checkpointer(tmp_path / "checkpoint.pt", 1, selection).save(state)
    expected = moved(state, selection)
    with torch.random.fork_rng():
        steps(state, graph, 8)  # what follows has no part in it
        ahead = [v.clone() for v in state.objective.parameters()]

    torch.manual_seed(5)
    other, its_selection = make_state(graph, 1), Selection("val_accuracy")
    steps(other, graph, 2)
    assert Checkpointer(tmp_path / "checkpoint.pt", 1, its_selection).restore(other)
    found = moved(other, its_selection)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    steps(other, graph, 8)  # dropout, masks, moments and statistics go on as they would have
    assert all(map(torch.equal, other.objective.parameters(), ahead))
    assert other.seconds > 12.5


def test_a_run_interrupted_in_its_checkpoint_goes_on_to_the_same_rows_and_spectra(
    small_run, monkeypatch
):
    """The looks of a step come before its checkpoint: they are not lost with what follows it."""
    options = (
        "encoder=gat", "+encoder.conv.dropout=0.5", "trainer.select=val_accuracy",
        "trainer.steps=9", "trainer.checkpoint_every=3", "trainer.eval_every=3",
        "diagnostics.every=3", "probe.protocols.random_10_10_80.log2_C=[0,1]",
    )  # fmt: skip
    whole = small_run(*options)
    save = Checkpointer.save

    def save_and_die(self, state):
        save(self, state)
        if state.step == 6:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpointer, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            small_run("force=true", *options)
    resumed = small_run(*options)
    assert resumed.training["resumed_from"] == 6
    assert resumed.selection == whole.selection
    assert resumed.scores == whole.scores
    folders = Path(f"{whole.folder}.old1"), Path(resumed.folder)
    rows, spectra = [], []
    for folder in folders:
        lines = (folder / "metrics.jsonl").read_text().splitlines()
        timed = {"steps_per_second"}
        rows.append([{k: v for k, v in json.loads(x).items() if k not in timed} for x in lines])
        spectra.append(np.load(folder / "spectra.npz"))
    assert rows[0] == rows[1]
    assert sorted(spectra[0]) == sorted(spectra[1])
    for key in spectra[0]:
        np.testing.assert_array_equal(spectra[0][key], spectra[1][key])
    assert {key.split("/")[0] for key in spectra[0]} == {"0", "3", "6", "9"}


def test_rows_reach_the_disk_before_the_checkpoint_that_goes_on_from_them(
    graph, tmp_path, monkeypatch
):
    rows = MetricsFile(tmp_path / "metrics.jsonl")
    rows.log(1, {"loss": 1.0})
    state, synced, fsync = make_state(graph, 0), [], os.fsync

    def noted(descriptor):
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    Checkpointer(tmp_path / "checkpoint.pt", 1, Selection("last")).save(state)
    assert synced[0] == "metrics.jsonl"
    assert synced[1].startswith(".checkpoint.pt.")
    synced.clear()
    rows.close()
    assert synced == ["metrics.jsonl"]


@pytest.mark.parametrize(
    "line", ["", "x", "[1]", "null", '{"loss": 1}', '{"step": "1"}', '{"step": 1', "\x00\x00"]
)
def test_rows_that_cannot_be_read_are_set_aside_and_the_others_kept(tmp_path, caplog, line):
    path = tmp_path / "metrics.jsonl"
    damaged = f'{{"step": 0}}\n{line}\n{{"step": 5}}\n{{"step": 9}}\n'
    path.write_text(damaged)
    MetricsFile(path, 5).close()
    assert path.read_text() == '{"step": 0}\n{"step": 5}\n'
    assert (tmp_path / "metrics.jsonl.damaged1").read_text() == damaged
    assert "set aside as metrics.jsonl.damaged1" in caplog.text


@pytest.mark.parametrize(("step", "kept"), [(0, []), (5, [0, 5, 5]), (10, [0, 5, 5, 10])])
def test_rows_up_to_the_checkpoint_stay_and_later_ones_go(tmp_path, step, kept):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f'{{"step": {s}}}\n' for s in (0, 5, 5, 10, 12)) + '{"step": 1')
    file = MetricsFile(path, step)
    file.log(99, {"loss": 1.0})
    file.close()
    assert [json.loads(x)["step"] for x in path.read_text().splitlines()] == [*kept, 99]


def test_spectra_up_to_the_checkpoint_stay_and_later_ones_go(tmp_path):
    path = tmp_path / "spectra.npz"
    first = SpectraFile(path)
    for step in (0, 5, 10):
        first.add(step, {"representation/centred": np.arange(3.0) + step})
    SpectraFile(path, 5).add(7, {"representation/centred": np.ones(3)})
    found = np.load(path)
    assert sorted(found) == [f"{s}/representation/centred" for s in (0, 5, 7)]
    assert found["5/representation/centred"].tolist() == [5, 6, 7]


def test_selection_keeps_a_copy_of_the_earliest_best():
    layer, selection = nn.Linear(2, 2), Selection("rank")
    seen = {}
    for step, value in enumerate([0.1, 0.5, 0.5, 0.3]):
        selection.offer(layer, {"rank": value, "other": -value}, step)
        seen[step] = copy.deepcopy(layer.state_dict())
        with torch.no_grad():
            layer.weight += 1.0
    assert (selection.best, selection.step) == (0.5, 1)
    selection.apply(layer)
    assert torch.equal(layer.weight, seen[1]["weight"])


def test_the_last_weights_stay_where_nothing_is_selected():
    layer, selection = nn.Linear(2, 2), Selection("last")
    selection.offer(layer, {}, 1)
    before = layer.weight.detach().clone()
    selection.apply(layer)
    assert torch.equal(layer.weight, before)
    assert (selection.best, selection.step) == (None, None)
