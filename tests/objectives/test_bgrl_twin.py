"""Our step against the published one in plain PyG: same weights, same masks, ten steps."""

from functools import partial

import pytest
import torch
from benchmarks.reference_step import PlainBGRL
from torch_geometric.nn import GATConv, GCNConv

from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.heads import MLPHead
from graphssl.encoders.prelu import PReLU
from graphssl.graph import Graph, GraphView
from graphssl.objectives.bgrl import BGRL
from graphssl.regularizers.none import NoRegularizer
from graphssl.training.loop import TrainingState, train
from graphssl.training.settings import TrainerSettings

STEPS = 10


class FixedViews:
    """Stands in for the augmentation: the masks of each step, given beforehand."""

    def __init__(self, masks):
        self.masks = iter(masks)

    def __call__(self, view: GraphView, generator):
        f1, e1, f2, e2 = next(self.masks)
        return view.keep_features(f1).keep_edges(e1), view.keep_features(f2).keep_edges(e2)


def make_masks(graph: Graph):
    generator = torch.Generator().manual_seed(1)
    sizes = (graph.num_features, graph.num_edges) * 2
    return [[torch.rand(n, generator=generator) > 0.3 for n in sizes] for _ in range(STEPS)]


def graphs():
    generator = torch.Generator().manual_seed(0)
    edges = torch.randint(60, (2, 400), generator=generator)  # with loops and duplicates
    edges = edges[:, ~((edges[0] == edges[1]) & (edges[0] > 2))]
    loops = edges[0] == edges[1]
    first = torch.tensor(
        [not loops[i] or not (edges[0, :i][loops[:i]] == edges[0, i]).any()
         for i in range(edges.size(1))]
    )  # fmt: skip
    dense = torch.randn(60, 20, generator=generator, dtype=torch.float64)
    sparse = dense * (torch.rand(60, 20, generator=generator) < 0.05)
    return {
        "dense": Graph(dense, edges[:, edges[0] != edges[1]]),
        "sparse features": Graph(sparse, edges[:, edges[0] != edges[1]]),
        "self-loops": Graph(dense, edges[:, first]),
        "parallel self-loops": Graph(dense, torch.cat([edges, edges[:, loops]], 1)),
        "isolated nodes": Graph(dense, edges[:, (edges < 30).all(0)]),
        "no edges": Graph(dense, edges[:, :0]),
        "one feature": Graph(dense[:, :1], edges[:, edges[0] != edges[1]]),
    }


@pytest.mark.parametrize("name", list(graphs()))
@pytest.mark.parametrize("conv", [GCNConv, partial(GATConv, heads=2)], ids=["gcn", "gat"])
def test_ten_steps_agree_with_plain_pyg(name, conv):
    graph = graphs()[name]
    channels, lr, decay = [16, 8], 1e-2, 1e-3
    torch.manual_seed(0)
    ours = BGRL(
        ConvStack(
            graph.num_features,
            channels,
            conv,
            PReLU,
            partial(torch.nn.BatchNorm1d, momentum=0.99),
        ),
        partial(MLPHead, hidden_channels=12),
    ).double()

    def plain_conv(a, b):
        return conv(a, b // 2) if isinstance(conv, partial) else conv(a, b)

    plain = PlainBGRL(
        graph.num_features, channels, 12, lr, decay, total=STEPS, warmup=2, conv=plain_conv
    ).to("cpu", torch.float64)
    plain.online.load_state_dict(ours.encoder.state_dict())
    plain.target.load_state_dict(ours.target_encoder.state_dict())
    plain.predictor.load_state_dict(ours.predictor.state_dict())
    plain.start()

    masks = make_masks(graph)
    expected, expected_statistics = [], []
    for m in masks:
        expected.append(plain.step(graph.x, graph.edge_index, m))
        expected_statistics.append(statistics(plain.online, plain.target))

    optimizer = torch.optim.AdamW(ours.trainable_parameters(), lr=lr, weight_decay=decay)
    optimizer.param_groups[0]["initial_lr"] = lr
    losses, found_statistics = [], []

    def observe(report):
        losses.append(report.loss.item())
        found_statistics.append(statistics(ours.encoder, ours.target_encoder))

    train(
        TrainingState(ours, optimizer, torch.Generator()),
        graph,
        FixedViews(masks),
        NoRegularizer(),
        TrainerSettings(steps=STEPS, warmup=0.2, log_every=1),
        [observe],
    )

    assert losses == pytest.approx(expected, rel=1e-9)
    # At momentum 0.99 they are nearly those of the view that went through last. The learning rate
    # of step 0 is 0: no bias has moved before the second forward.
    for step in (0, 1):
        for key, value in expected_statistics[step].items():
            torch.testing.assert_close(
                found_statistics[step][key], value, rtol=1e-9, atol=1e-12, msg=f"{step} {key}"
            )
    for mine, theirs in (
        (ours.encoder, plain.online),
        (ours.target_encoder, plain.target),
        (ours.predictor, plain.predictor),
    ):
        for key, value in theirs.state_dict().items():
            # Biases in front of a BatchNorm have a zero true gradient, and move its mean alone.
            if value.ndim == 2 or "running_var" in key:
                assert relative(mine.state_dict()[key], value) < 1e-9, key
    assert relative(gradient(ours.encoder), gradient(plain.online)) < 1e-9
    assert relative(gradient(ours.predictor), gradient(plain.predictor)) < 1e-9


def statistics(online, target):
    """Buffers of all BatchNorms, as they are now."""
    parts = {"online": online, "target": target}
    return {
        f"{name}.{key}": value.clone()
        for name, part in parts.items()
        for key, value in part.named_buffers()
    }


def gradient(module):
    return torch.cat([p.grad.flatten() for p in module.parameters()])


def relative(a, b):
    return ((a - b).norm() / b.norm()).item()
