"""layer_weights finds the matrices of networks it was not told about."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.optim.swa_utils import AveragedModel
from torch_geometric.nn import (
    GAT,
    GATConv,
    GATv2Conv,
    GCNConv,
    GINConv,
    GraphSAGE,
    RGCNConv,
    SAGEConv,
    TransformerConv,
)

from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import ConfigError


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(weight.shape) for name, weight in layer_weights(module).items()}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (GCNConv(5, 4), {"lin": (4, 5)}),
        (GATConv(5, 4, heads=2), {"lin": (8, 5)}),
        (GATv2Conv(5, 4, heads=2), {"lin_l": (8, 5), "lin_r": (8, 5)}),
        (GATv2Conv(5, 4, heads=2, share_weights=True), {"lin_l": (8, 5)}),
        (SAGEConv(5, 4), {"lin_l": (4, 5), "lin_r": (4, 5)}),
        (
            GINConv(nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 4))),
            {"nn.0": (6, 5), "nn.3": (4, 6)},
        ),
        (nn.Sequential(nn.Linear(5, 4), nn.LayerNorm((3, 4)), nn.PReLU()), {"0": (4, 5)}),
        (nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 4)), {"1": (4, 5)}),
        (RGCNConv(5, 4, 3), {"root": (4, 5)}),  # kept as (in, out), and told so by its sizes
        (GraphSAGE(5, 6, 1, 4), {"convs.0.lin_l": (4, 5), "convs.0.lin_r": (4, 5)}),
        (nn.BatchNorm1d(3), {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_finds_each_matrix_as_out_in(module: nn.Module, expected: dict[str, tuple[int, ...]]):
    assert shapes(module) == expected


class OwnLayer(nn.Module):
    """A layer as a user might write it, told apart from its vectors by shape and name alone."""

    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.randn(4, 5))
        self.attention = nn.Parameter(torch.randn(2, 4))
        self.bias = nn.Parameter(torch.randn(3, 4))
        self.row = nn.Parameter(torch.randn(1, 5))
        self.scale = nn.Parameter(torch.randn(4))


def test_a_layer_of_the_users_own():
    assert shapes(nn.ModuleDict({"encoder": OwnLayer()})) == {"encoder.theta": (4, 5)}


def test_the_tensors_are_the_parameters_through_a_training():
    conv = RGCNConv(5, 4, 3)
    weights = layer_weights(conv)
    with torch.no_grad():
        conv.root.fill_(2.0)
    assert (weights["root"] == 2.0).all()
    weights["root"].sum().backward()
    assert conv.root.grad is not None
    linear = nn.Linear(5, 4)
    assert layer_weights(linear)["weight"] is linear.weight


def test_a_shared_matrix_is_there_once():
    first, tied = nn.Linear(4, 4), nn.Linear(4, 4)
    tied.weight = first.weight
    assert list(layer_weights(nn.Sequential(first, tied, first))) == ["0"]


def test_trainable_leaves_out_the_target():
    network = nn.ModuleDict({"encoder": nn.Linear(5, 4), "target": nn.Linear(5, 4)})
    network["target"].requires_grad_(False)
    assert list(layer_weights(network)) == ["encoder", "target"]
    assert list(layer_weights(network, trainable=True)) == ["encoder"]


def test_heads_split_into_the_matrices_of_each_head():
    gat = GAT(5, 8, 2, 6, heads=2, v2=False)
    weights = layer_weights(gat)
    assert weights.heads == {"convs.0.lin": 2, "convs.1.lin": 2}
    split = weights.per_head()
    assert list(split) == [f"convs.{i}.lin.heads.{h}" for i in range(2) for h in range(2)]
    # the layout that GATConv reads: head h's C rows after those of head h - 1
    per_head = gat.convs[0].lin.weight.view(2, 4, 5)
    torch.testing.assert_close(split["convs.0.lin.heads.1"], per_head[1])
    assert layer_weights(TransformerConv(5, 4, heads=3)).heads["lin_value"] == 3
    assert layer_weights(GCNConv(5, 4)).heads == {}


def test_a_parametrized_layer_gives_what_it_multiplies_with():
    class Twice(nn.Module):
        def forward(self, weight: torch.Tensor) -> torch.Tensor:
            return 2 * weight

    linear = nn.Linear(5, 4)
    raw = linear.weight.detach().clone()
    parametrize.register_parametrization(linear, "weight", Twice())
    weights = layer_weights(nn.Sequential(linear))
    assert list(weights) == ["0"]
    torch.testing.assert_close(weights["0"], 2 * raw)


def compiled(module: nn.Module) -> nn.Module:
    return torch.compile(module, backend="eager")  # type: ignore[return-value]


WRAPS = {
    "compile": compiled,
    "DataParallel": nn.DataParallel,
    "AveragedModel": AveragedModel,
    "both": lambda module: nn.DataParallel(compiled(module)),
}


@pytest.mark.parametrize("wrap", list(WRAPS))
@pytest.mark.parametrize("inside", [False, True])
def test_a_wrapper_does_not_change_names(wrap: str, inside: bool):
    network, gat = nn.ModuleDict(), GAT(5, 8, 2, 6, heads=2, v2=False)
    network["encoder"], network["predictor"] = nn.Sequential(gat), nn.Linear(6, 4)
    expected = layer_weights(network)
    if inside:
        network["encoder"][0] = WRAPS[wrap](gat)
    found = layer_weights(network if inside else WRAPS[wrap](network))
    assert list(found) == list(expected)
    assert found.heads == expected.heads == {"encoder.0.convs.0.lin": 2, "encoder.0.convs.1.lin": 2}


def test_distributed_data_parallel_does_not_change_names():
    from torch import distributed

    distributed.init_process_group("gloo", rank=0, world_size=1, store=distributed.HashStore())
    try:
        wrapped = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(5, 4)))
        assert list(layer_weights(nn.ModuleDict({"encoder": wrapped}))) == ["encoder.0"]
    finally:
        distributed.destroy_process_group()


def test_a_part_that_is_called_module_keeps_its_name():
    network = nn.ModuleDict({"module": nn.ModuleDict({"module": nn.Linear(5, 4)})})
    assert list(layer_weights(network)) == ["module.module"]


def test_names_that_would_be_the_same_stay_apart():
    network = nn.Module()
    network.lin, network._orig_mod = nn.Linear(5, 4), nn.ModuleDict({"lin": nn.Linear(6, 4)})
    found = layer_weights(network)
    assert {name: tuple(w.shape) for name, w in found.items()} == {
        "lin": (4, 5), "_orig_mod.lin": (4, 6),
    }  # fmt: skip


def test_an_explicit_list_or_mapping():
    a, b = torch.randn(4, 5), torch.randn(3, 4)
    assert list(layer_weights([a, b, a])) == ["0", "1"]
    assert layer_weights({"mine": a})["mine"] is a


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([torch.ones(3)], r"weight '0' must be a matrix, got shape \(3,\)"),
        (GCNConv(-1, 4), "weight 'lin' has no shape yet"),
    ],
)
def test_bad_input(source: object, message: str):
    with pytest.raises(ConfigError, match=message):
        layer_weights(source)  # type: ignore[arg-type]
