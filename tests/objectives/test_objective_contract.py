"""Every conf/objective/*.yaml keeps the contract; a new one is covered by being there."""

import pytest
import torch
from tests.in_process import whole_as_resumed
from torch import nn

from graphssl.cli import compose
from graphssl.config import build
from graphssl.config.folder import config_dir
from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import ConfigError
from graphssl.graph import Graph
from graphssl.regularizers.variance_covariance import VarianceCovariance
from graphssl.regularizers.werank import WERank
from graphssl.seeding import generator, global_stream

NAMES = sorted(path.stem for path in (config_dir() / "objective").glob("*.yaml"))
UNTRAINED = {"raw", "untrained"}
TRAINED = [name for name in NAMES if name not in UNTRAINED]
ROW_BY_ROW = ("bgrl", "byol", "simsiam", "supervised", "graphmae")
COMPARES_ROWS = [name for name in TRAINED if name not in ROW_BY_ROW]
WITHOUT_PREDICTOR = [n for n in TRAINED if n not in ("bgrl", "byol", "simsiam", "afgrl")]
SMALL = ["recipe.channels=[16,8]", "recipe.predictor_channels=8"]


def made(name, graph, *overrides):
    config, *_ = compose([f"objective={name}", *SMALL, *overrides])
    labels = {
        "labels": torch.arange(graph.num_nodes) % 3,
        "train_nodes": torch.arange(0, graph.num_nodes, 2),
        "num_classes": 3,
    }
    return build.objective(config, graph.num_features, labels)


def two_views(graph, name, seed=0):
    augmentation = build.augmentation(compose([f"objective={name}"])[0])
    return augmentation(graph.view(), generator(seed, "augmentation"))


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_a_step_has_a_finite_loss_and_rows_of_the_encoders_width(name, graph):
    objective = made(name, graph)
    output = objective(*two_views(graph, name))
    assert output.loss.shape == ()
    assert output.loss.isfinite()
    assert 1 <= len(output.representations) <= 2
    for h in output.representations:
        assert h.shape == (graph.num_nodes, objective.encoder.out_channels)
    assert len({z.shape for z in output.embeddings}) <= 1
    assert len(output.embeddings) in (0, len(output.representations))


@pytest.mark.parametrize("name", TRAINED)
def test_every_weight_that_is_trained_gets_a_finite_gradient(name, graph):
    objective = made(name, graph)
    objective(*two_views(graph, name)).loss.backward()
    trained = {id(p) for p in objective.trainable_parameters()}
    assert trained
    assert all(id(p) in trained for p in objective.encoder.parameters())
    for key, parameter in objective.named_parameters():
        assert (parameter.grad is not None) == (id(parameter) in trained), key
        assert parameter.grad is None or parameter.grad.isfinite().all(), key


@pytest.mark.parametrize("name", TRAINED)
def test_steps_lower_the_loss(name, graph):
    with global_stream(0, "dropout"):
        objective, views = made(name, graph), two_views(graph, name)
        optimizer = torch.optim.Adam(objective.trainable_parameters(), lr=1e-2)
        losses = []
        for _ in range(12):
            optimizer.zero_grad()
            loss = objective(*views).loss
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert sum(losses[-3:]) < sum(losses[:3])


def test_the_numbering_of_nodes_does_not_count(name, graph):
    graph = graph.to("cpu", torch.float64)
    objective = made(name, graph).double().eval()
    order = torch.randperm(graph.num_nodes, generator=torch.Generator().manual_seed(2))
    place = torch.empty_like(order)
    place[order] = torch.arange(graph.num_nodes)
    permuted = Graph(graph.x[order], place[graph.edge_index])
    views = [(g.view(), g.view()) for g in (graph, permuted)]
    with global_stream(0, "dropout"):
        ours = objective(*views[0])
    with global_stream(0, "dropout"):
        theirs = objective(*views[1])
    torch.testing.assert_close(theirs.representations[0], ours.representations[0][order])
    if name not in ("dgi", "graphmae", "afgrl", "supervised"):  # draw nodes, or labels, by number
        torch.testing.assert_close(theirs.loss, ours.loss)


@pytest.mark.parametrize("name", TRAINED)
def test_the_loss_has_full_precision_under_autocast(name, graph):
    objective = made(name, graph)
    with torch.autocast("cpu", torch.bfloat16):
        loss = objective(*two_views(graph, name)).loss
    assert loss.dtype == torch.float32
    assert loss.isfinite()


@pytest.mark.parametrize("name", TRAINED)
def test_penalties_find_weights_and_outputs(name, graph):
    objective = made(name, graph)
    output = objective(*two_views(graph, name))
    weights = layer_weights(objective, trainable=True)
    assert {key.split(".")[0] for key in weights} >= {"encoder"}
    assert not [key for key in weights if "target" in key]
    for penalty in (WERank(alpha=1.0), VarianceCovariance()):
        found = penalty(weights, output)
        assert found.total.isfinite()
        gradients = torch.autograd.grad(
            found.total, list(objective.encoder.parameters()), retain_graph=True, allow_unused=True
        )
        assert sum(g.abs().sum() for g in gradients if g is not None) > 0


@pytest.mark.parametrize("name", WITHOUT_PREDICTOR)
def test_a_part_that_is_not_there_cannot_be_penalised(small_run, name):
    with pytest.raises(ConfigError, match=r"layers='predictor': no weight matrix") as error:
        small_run(f"objective={name}", "regularizer=werank", "regularizer.layers=predictor")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", TRAINED)
def test_looking_changes_nothing_and_draws_from_no_stream_of_training(name, graph):
    objective = made(name, graph).train()
    before = {key: value.clone() for key, value in objective.state_dict().items()}
    stream = torch.get_rng_state()
    found = [
        collapse_diagnostics(objective, graph.view(), lambda: two_views(graph, name)).values
        for _ in range(2)
    ]
    assert found[0] == found[1]
    assert torch.equal(torch.get_rng_state(), stream)
    assert objective.training
    for key, value in objective.state_dict().items():
        assert torch.equal(value, before[key]), key


# A target, a corruption drawn per step, a decoder, and labels; the others take as long.
SOON = ("bgrl", "dgi", "graphmae", "supervised")


@pytest.mark.parametrize(
    "name", [n if n in SOON else pytest.param(n, marks=pytest.mark.slow) for n in TRAINED]
)
def test_going_on_from_a_checkpoint_is_exact(name, small_config, tmp_path, monkeypatch):
    """Killed after the checkpoint of step 4 of 6, while it trained with dropout and WERank."""
    args = [
        *small_config, f"objective={name}", "regularizer=werank", "recipe.dropout=0.3", "probe=[]",
        "dataset.num_nodes=60", "trainer.steps=6", "trainer.checkpoint_every=4",
        "trainer.eval_every=0",
    ]  # fmt: skip
    if name == "supervised":  # scored on a split, selected by validation
        without = ("probe=[]", "trainer.eval_every=0", "dataset.num_nodes=60")
        args = [x for x in args if x not in without]
    whole_as_resumed(monkeypatch, tmp_path, args, step=4)


@pytest.mark.parametrize("name", COMPARES_ROWS)
def test_a_single_row_is_one_line(name, graph):
    one = Graph(graph.x[:1], torch.zeros(2, 0, dtype=torch.int64))
    objective = made(name, graph)
    objective.eval()  # in training a BatchNorm would complain first
    with pytest.raises(ConfigError, match="needs at least two, got 1") as error:
        objective(one.view(), one.view())
    assert "\n" not in str(error.value)


OUT_OF_RANGE = [
    ("grace", "objective.tau=0", "objective.tau must be a finite number, above 0, got 0"),
    ("grace", "objective.tau=-0.5", "above 0, got -0.5"),
    ("grace", "objective.tau=warm", "above 0, got 'warm'"),
    ("grace", "recipe.tau=nan", "above 0, got nan"),
    ("grace", "+objective.block=0", "objective.block must be a whole number, 1 or more, got 0"),
    ("cca_ssg", "objective.decorrelation=-1", "objective.decorrelation must be a finite number"),
    ("gbt", "objective.redundancy=-1", "objective.redundancy must be a finite number"),
    ("vicreg", "objective.invariance=-1", "objective.invariance must be a finite number"),
    ("vicreg", "objective.variance=-1", "objective.variance must be a finite number"),
    ("vicreg", "objective.covariance=true", "objective.covariance must be a finite number"),
    ("vicreg", "objective.projection_channels=0", "objective.projection_channels must be a whole"),
    ("simsiam", "objective.projection_channels=0", "objective.projection_channels must be a whole"),
    ("ssge", "objective.uniformity=-0.1", "objective.uniformity must be a finite number"),
    ("lejepa", "objective.trade_off=1.5", "objective.trade_off must be a finite number"),
    ("lejepa", "objective.directions=0", "objective.directions must be a whole number, 1 or more"),
    ("lejepa", "objective.knots=1", "objective.knots must be a whole number, 2 or more, got 1"),
]


@pytest.mark.parametrize(("name", "option", "message"), OUT_OF_RANGE)
def test_options_out_of_range_are_one_line(name, option, message, graph):
    with pytest.raises(ConfigError) as error:
        made(name, graph, option)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_siamese_heads_are_as_the_yaml_says(graph):
    grace = made("grace", graph, "recipe.projector_channels=12")
    kinds = [type(part) for part in grace.projector]
    assert kinds == [nn.Linear, nn.ELU, nn.Linear]
    assert (grace.projector[0].out_features, grace.projector[-1].out_features) == (12, 8)
    assert not hasattr(made("cca_ssg", graph), "projector")
