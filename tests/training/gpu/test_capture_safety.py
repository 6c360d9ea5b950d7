"""A step as a GPU takes it reads nothing from the device: checked operation by operation on a CPU.

Where the CPU has code of its own (PReLU's slope, hidden entries left out, the sparse product,
Adam), what a GPU runs is put in its place.
"""

from functools import partial
from itertools import pairwise

import pytest
import torch
from small_bgrl import bgrl
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch_geometric.nn import GATConv, GCNConv, LayerNorm

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.folder import config_dir
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.fast import gat_propagation, shapes, sparse
from graphssl.encoders.heads import MLPHead
from graphssl.encoders.prelu import PReLU
from graphssl.graph import Graph
from graphssl.objectives.byol import BYOL
from graphssl.regularizers.double_soft import DoubleSoft
from graphssl.regularizers.none import NoRegularizer
from graphssl.regularizers.srip import SRIP
from graphssl.regularizers.sum import Sum
from graphssl.regularizers.variance_covariance import VarianceCovariance
from graphssl.regularizers.werank import WERank
from graphssl.training.gpu.host_reads import HostReads
from graphssl.training.metrics import StepMetrics


@pytest.fixture
def gpu_path(monkeypatch):
    """The code of a GPU, on a CPU; returns what puts the optimizer's scalars into tensors."""
    monkeypatch.setattr(PReLU, "forward", nn.PReLU.forward)
    monkeypatch.setattr(gat_propagation, "supports_graph", lambda graph: False)
    monkeypatch.setattr(shapes, "may_follow_masks", lambda graph: False)

    def multiply(matrix, dense):
        with torch.autocast("cpu", enabled=False):
            return matrix @ dense.to(matrix.dtype).contiguous()

    monkeypatch.setattr(sparse, "multiply", multiply)

    def scalars_in_tensors(state):
        for group in state.optimizer.param_groups:
            group["fused"], group["lr"] = True, torch.tensor(group["lr"])

    return scalars_in_tensors


def byol(num_features):
    encoder = ConvStack(num_features, [16, 8], GCNConv, PReLU, nn.BatchNorm1d)
    head = partial(MLPHead, hidden_channels=12, batch_norm=True)
    return BYOL(encoder, head, head, projection_channels=6)


def standardized(num_features):
    norm = partial(LayerNorm, mode="graph")
    encoder = ConvStack(num_features, [16, 8], GCNConv, nn.ReLU, norm, weight_standardization=True)
    return BYOL(encoder, MLPHead, MLPHead)


def reads_per_step(training, steps=12, **options):
    """Host reads of every step but the first, which makes what lasts (patterns, moments)."""
    counts = []
    with HostReads() as reads:
        training(steps, observers=[lambda report: counts.append(len(reads.found))], **options)
    return [after - before for before, after in pairwise(counts)], reads.found


OPTIONS = {
    "bgrl and werank": {},
    "byol": {"make": byol},
    "standardized weights, graph norm": {"make": standardized},
    "no regularizer": {"regularizer": NoRegularizer()},
    "decoupled": {"regularizer": WERank(alpha=0.1, apply="decoupled")},
    "squared, by layer": {"regularizer": WERank({"encoder.*": 0.1}, norm="frobenius_squared")},
    "others": {
        "regularizer": Sum({"a": SRIP(), "b": DoubleSoft(), "c": VarianceCovariance()}),
    },
    "clipped": {"grad_clip": 0.1},
    "bf16": {"precision": "bf16"},
    "sgd": {"optimizer": partial(torch.optim.SGD, lr=1e-2, momentum=0.9)},
}


@pytest.mark.parametrize("name", list(OPTIONS))
def test_nothing_is_read_from_the_device_where_nothing_is_logged(gpu_path, training, name):
    options = {"log_every": 100, "prepare": gpu_path, **OPTIONS[name]}
    per_step, found = reads_per_step(training, **options)
    assert per_step == [0] * 11, found


SHIPPED = sorted(path.stem for path in (config_dir() / "objective").glob("*.yaml"))


def shipped(name, num_features):
    """``objective=<name>`` with its own encoder, small."""
    small = ["recipe.channels=[16,8]", "recipe.predictor_channels=8"]
    labels = {"labels": torch.arange(60) % 3, "train_nodes": torch.arange(30), "num_classes": 3}
    return build.objective(compose([f"objective={name}", *small])[0], num_features, labels)


@pytest.mark.parametrize("name", SHIPPED)
def test_an_objective_that_calls_itself_static_reads_nothing(gpu_path, training, name):
    make = partial(shipped, name)
    if not make(20).static_forward:
        pytest.skip("not captured")
    per_step, found = reads_per_step(training, 4, make=make, prepare=gpu_path, log_every=100)
    assert per_step == [0] * 3, found


@pytest.mark.parametrize("kind", ["sparse features", "self-loops"])
def test_nor_on_other_graphs(gpu_path, training, graph, kind):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(60, 20, generator=generator) * (torch.rand(60, 20, generator=generator) < 0.05)
    loops = torch.arange(9).expand(2, 9)
    other = Graph(x, graph.edge_index)
    if kind == "self-loops":
        other = Graph(graph.x, torch.cat([graph.edge_index, loops], 1))
    per_step, found = reads_per_step(training, on=other, prepare=gpu_path, log_every=100)
    assert per_step == [0] * 11, found


def test_reads_come_with_logging(gpu_path, training):
    counts = []
    with HostReads() as reads:
        training(
            12,
            log_every=5,
            prepare=gpu_path,
            observers=[StepMetrics([], 5), lambda report: counts.append(len(reads.found))],
        )
    read_at = [step for step in range(2, 13) if counts[step - 1] > counts[step - 2]]
    assert read_at == [5, 10, 12]


def test_an_operator_that_takes_edges_out_is_found(gpu_path, training):
    per_step, found = reads_per_step(
        training, 3, make=partial(bgrl, conv=partial(GATConv, heads=2)), prepare=gpu_path
    )
    assert min(per_step) > 0
    assert "index with a boolean mask" in found


def test_shapes_do_not_depend_on_the_masks(gpu_path, training):
    steps = []

    class Shapes(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                shapes.append((func.overloadpacket.__name__, tuple(out.shape)))
            return out

    def next_step(report):
        steps.append(list(shapes))
        shapes.clear()

    shapes: list = []
    with Shapes():
        losses = training(4, observers=[next_step], prepare=gpu_path, log_every=100)
    assert steps[1] == steps[2]
    assert len(steps[1]) > 100
    assert len(set(losses)) == 4


class _ReadsInBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return grad * grad.sum().item()


def _backward(x):
    x = x.clone().requires_grad_()
    _ReadsInBackward.apply(x).sum().backward()


def _assign(x):
    x.clone()[x > 0] = 0.0


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (lambda x: x.sum().item(), "_local_scalar_dense"),
        (lambda x: bool((x > 0).all()), "_local_scalar_dense"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: x[x > 0], "index with a boolean mask"),
        (_assign, "index_put_ with a boolean mask"),
        (lambda x: x.masked_select(x > 0), "masked_select"),
        (lambda x: x.unique(), "_unique2"),
        (lambda x: x.to("meta"), "_to_copy between devices"),
        (_backward, "_local_scalar_dense"),
    ],
)
def test_every_kind_of_read_is_noted(operation, name):
    with HostReads() as reads:
        operation(torch.arange(4.0))
    assert reads.found == [name]


def test_what_stays_on_the_device_is_not_noted():
    with HostReads() as reads:
        x = torch.arange(4.0)
        x[torch.tensor([0, 2])] += x.where(x > 0, 1.0)[[1, 3]]
        x.masked_fill(x > 1, 0.0).double().index_add(0, torch.tensor([1]), x[:1].double())
    assert reads.found == []
