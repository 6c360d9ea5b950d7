"""What happens inside a step, in which order and with which numbers: everything is recorded.

The network is one matrix, the optimizer plain SGD, so that a whole training can be worked out by
hand from the formulas of loss, penalty, clipping and schedules.
"""

import copy
import math
from functools import partial

import pytest
import torch
from torch import nn
from torch_geometric.nn import GATConv, GCNConv, GraphConv, SAGEConv
from torch_geometric.nn.models import GCN

from graphssl.contracts import Penalty, Regularizer, StepOutput
from graphssl.encoders.conv_stack import ConvStack
from graphssl.encoders.encoding import encode_pair
from graphssl.encoders.heads import MLPHead
from graphssl.encoders.prelu import PReLU
from graphssl.errors import TrainingError
from graphssl.graph import Graph
from graphssl.objectives.bgrl import BGRL, cosine_loss
from graphssl.objectives.supervised import Supervised
from graphssl.objectives.target_network import ema_update, target_of
from graphssl.regularizers.none import NoRegularizer
from graphssl.regularizers.sum import Sum
from graphssl.regularizers.werank import WERank
from graphssl.training.fused import fuse
from graphssl.training.loop import TrainingState, train
from graphssl.training.settings import TrainerSettings

STEPS, WARMUP, LR, CLIP, ALPHA = 5, 2, 0.1, 0.5, 0.3
FACTORS = [0.0, 0.5, *((1 + math.cos(math.pi * k / 3)) / 2 for k in range(3))]
START = torch.tensor([[1.0, 2.0, -1.0], [0.5, -3.0, 2.0]], dtype=torch.float64)
SLOPE = torch.tensor([[1.0, -2.0, 0.0], [0.0, 3.0, 1.0]], dtype=torch.float64)


class Linear(nn.Module):
    """Loss ``<SLOPE, W>``, whose gradient in W is SLOPE; a frozen matrix stands beside W."""

    def __init__(self, events):
        super().__init__()
        self.events = events
        self.encoder = nn.Linear(3, 2, bias=False).double()
        self.encoder.weight.data = START.clone()
        self.target_encoder = nn.Linear(3, 2, bias=False).double().requires_grad_(False)

    def forward(self, view1, view2):
        assert self.training
        assert torch.is_grad_enabled()
        self.events.append(("forward", view1, view2))
        return StepOutput((SLOPE * self.encoder.weight).sum(), ())

    def trainable_parameters(self):
        yield self.encoder.weight

    def after_step(self, step, total):
        self.events.append(("after_step", step, total, self.encoder.weight.detach().clone()))


class HalfSquare(Regularizer):
    """``ALPHA |W|^2 / 2`` in the loss and a decoupled step of ``lr``; says when it is asked."""

    def __init__(self, events, step=None):
        self.events, self.step = events, step

    def __call__(self, weights, output):
        self.events.append(("penalty", self.step, sorted(weights)))
        (weight,) = weights.values()
        return Penalty(ALPHA * weight.square().sum() / 2, {})

    def at(self, step, total):
        assert total == STEPS
        return HalfSquare(self.events, step)

    def decoupled_step(self, weights, lr):
        (weight,) = weights.values()
        self.events.append(("decoupled", self.step, lr, weight.detach().clone()))
        with torch.no_grad():
            weight.mul_(1 - lr)


class RecordingSGD(torch.optim.SGD):
    def __init__(self, parameters, events):
        super().__init__(parameters, lr=LR)
        self.events = events
        for group in self.param_groups:
            group["initial_lr"] = LR

    def step(self, closure=None):
        (group,) = self.param_groups
        (weight,) = group["params"]
        self.events.append(("optimizer", group["lr"], weight.grad.clone()))
        super().step(closure)


def run(graph, events, **settings):
    objective = Linear(events)
    optimizer = RecordingSGD(objective.trainable_parameters(), events)
    state = TrainingState(objective, optimizer, torch.Generator().manual_seed(7))

    def two_views(view, generator):
        assert generator is state.generator
        assert view.graph is graph
        events.append(("views",))
        return view, view.keep_edges(torch.zeros(graph.num_edges, dtype=torch.bool))

    def observe(report):
        events.append(("observer", report.step, report.total, report.learning_rate))
        assert not report.loss.requires_grad
        assert not report.penalty.total.requires_grad
        assert (report.state.step, report.state.objective) == (report.step, objective)

    options = TrainerSettings(steps=STEPS, warmup=WARMUP / STEPS, log_every=1, **settings)
    train(state, graph, two_views, HalfSquare(events), options, [observe])
    return objective


@pytest.fixture
def double_graph(graph):
    return graph.to("cpu", torch.float64)


def test_a_step_is_views_loss_penalty_decoupled_optimizer_target_observers(double_graph):
    events = []
    run(double_graph, events)
    order = ["views", "forward", "penalty", "decoupled", "optimizer", "after_step", "observer"]
    assert [event[0] for event in events] == order * STEPS
    forward = [event for event in events if event[0] == "forward"]
    assert all(v1.edge_mask is None and v2.edge_mask is not None for _, v1, v2 in forward)
    asked = [event[1:] for event in events if event[0] == "penalty"]
    assert asked == [(step, ["encoder"]) for step in range(STEPS)]  # the target is not penalised
    counted = [event[1:3] for event in events if event[0] in ("after_step", "observer")]
    assert counted == [(step, STEPS) for step in range(1, STEPS + 1) for _ in range(2)]


@pytest.mark.parametrize("clip", [None, CLIP])
def test_a_training_worked_out_by_hand(double_graph, clip):
    events = []
    objective = run(double_graph, events, grad_clip=clip)
    weight = START.clone()
    expected = []
    for step, factor in enumerate(FACTORS):
        lr = LR * factor
        gradient = SLOPE + ALPHA * weight
        if clip is not None:
            gradient = gradient * min(1.0, clip / gradient.norm())
        expected.append(("decoupled", step, lr, weight))
        expected.append(("optimizer", lr, gradient))
        weight = (1 - lr) * weight - lr * gradient
        expected.append(("after_step", step + 1, STEPS, weight))
    found = [event for event in events if event[0] in ("decoupled", "optimizer", "after_step")]
    for one, other in zip(found, expected, strict=True):
        assert one[:-1] == pytest.approx(other[:-1])
        torch.testing.assert_close(one[-1], other[-1], rtol=1e-5, atol=1e-12)
    torch.testing.assert_close(objective.encoder.weight.detach(), weight, rtol=1e-5, atol=1e-12)


def test_every_group_follows_the_schedule_from_its_own_learning_rate(graph):
    one, other = (nn.Parameter(torch.zeros(2, 2)) for _ in range(2))

    class Two(nn.Module):
        def forward(self, view1, view2):
            return StepOutput((one + other).sum(), ())

        def trainable_parameters(self):
            yield from (one, other)

        def after_step(self, step, total):
            pass

    optimizer = torch.optim.SGD([{"params": [one], "lr": 1.0}, {"params": [other], "lr": 10.0}])
    for group in optimizer.param_groups:
        group["initial_lr"] = group["lr"]
    state = TrainingState(Two(), optimizer, torch.Generator())
    options = TrainerSettings(steps=STEPS, warmup=WARMUP / STEPS)
    train(state, graph, lambda view, generator: (view, view), NoRegularizer(), options, [])
    assert one.mean().item() == pytest.approx(-sum(FACTORS))
    assert other.mean().item() == pytest.approx(-10 * sum(FACTORS))


def test_clipping_is_by_the_norm_over_every_trained_parameter(graph):
    """The gradients (3, 0) of the encoder and (0, 4) of the head have length 5 together."""

    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.head = (nn.Linear(2, 1, bias=False) for _ in range(2))

        def forward(self, view1, view2):
            return StepOutput(3 * self.encoder.weight[0, 0] + 4 * self.head.weight[0, 1], ())

        def trainable_parameters(self):
            yield from self.parameters()

        def after_step(self, step, total):
            pass

    objective = Two()
    before = [parameter.detach().clone() for parameter in objective.parameters()]
    optimizer = torch.optim.SGD(objective.parameters(), lr=1.0)
    optimizer.param_groups[0]["initial_lr"] = 1.0
    state = TrainingState(objective, optimizer, torch.Generator())
    options = TrainerSettings(steps=1, warmup=0.0, schedule="constant", grad_clip=1.0)
    train(state, graph, lambda view, generator: (view, view), NoRegularizer(), options, [])
    moved = [old - new.detach() for old, new in zip(before, objective.parameters(), strict=True)]
    torch.testing.assert_close(torch.cat(moved), torch.tensor([[0.6, 0.0], [0.0, 0.8]]))


def test_a_penalty_that_is_not_finite_stops_training(graph):
    class Endless(NoRegularizer):
        def __call__(self, weights, output):
            return Penalty(output.loss * 0 + math.inf, {})

    objective = Linear([])
    optimizer = RecordingSGD(objective.trainable_parameters(), [])
    state = TrainingState(objective, optimizer, torch.Generator())
    with pytest.raises(TrainingError, match=r"step 1: .*penalty inf"):
        train(
            state, graph, lambda view, generator: (view, view), Endless(),
            TrainerSettings(steps=3), [],
        )  # fmt: skip


def test_a_subclass_whose_step_is_its_own_is_not_fused():
    optimizer = RecordingSGD([nn.Parameter(START.clone())], [])
    before = copy.deepcopy(optimizer.state_dict())
    fuse(optimizer, torch.device("cpu"))
    assert optimizer.state_dict() == before


# ---- networks: two views through one BatchNorm

CONVS = {
    "gcn, fast": GCNConv,
    "gat, fast": partial(GATConv, heads=2),
    "sage, fast": SAGEConv,
    "no fast path": GraphConv,
}


def stack(num_features, conv):
    norm = partial(nn.BatchNorm1d, momentum=0.9)
    return ConvStack(num_features, [8, 4], conv, PReLU, norm).double()


def two_views(graph):
    g = torch.Generator().manual_seed(3)
    masks = [torch.rand(n, generator=g) > 0.3 for n in (graph.num_edges, graph.num_features) * 2]
    view = graph.view()
    return [view.keep_edges(e).keep_features(f) for e, f in (masks[:2], masks[2:])]


def make_encoder(name, num_features):
    torch.manual_seed(0)
    if name == "any module":
        return GCN(num_features, 8, 2, 4, norm="batch_norm").double()
    return stack(num_features, CONVS[name])


@pytest.mark.parametrize("name", [*CONVS, "any module"])
def test_the_first_view_passes_the_norms_first(double_graph, name):
    """Running statistics remember the order: with momentum 0.9 they are mostly the second's."""
    views = two_views(double_graph)
    ours, plain = (make_encoder(name, double_graph.num_features) for _ in range(2))
    found = encode_pair(ours, *views)
    expected = [plain(view.x, view.edge_index) for view in views]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    buffers = dict(plain.named_buffers())
    assert sum("running" in key for key in buffers) >= 2
    for key, value in ours.named_buffers():
        torch.testing.assert_close(value, buffers[key])


def test_the_target_keeps_statistics_of_both_views_and_no_more(double_graph):
    torch.manual_seed(0)
    objective = BGRL(stack(double_graph.num_features, GCNConv), partial(MLPHead, hidden_channels=6))
    objective = objective.double()
    plain = stack(double_graph.num_features, GCNConv)
    plain.load_state_dict(objective.target_encoder.state_dict())
    views = two_views(double_graph)
    objective(*views)
    objective.after_step(1, 10)
    for view in views:
        plain(view.x, view.edge_index)
    for key, value in plain.named_buffers():
        torch.testing.assert_close(objective.target_encoder.get_buffer(key), value)


def test_no_gradient_flows_into_targets():
    g = torch.Generator().manual_seed(0)
    q1, y2, q2, y1 = (torch.randn(5, 3, generator=g).requires_grad_() for _ in range(4))
    cosine_loss(q1, y2, q2, y1).backward()
    assert y1.grad is y2.grad is None
    assert q1.grad.abs().sum() > 0 < q2.grad.abs().sum()


def test_a_target_is_drawn_anew_and_approaches_the_online_network():
    torch.manual_seed(0)
    online = stack(5, GCNConv)
    target = target_of(online)
    pairs = list(zip(target.convs, online.convs, strict=True))
    assert all(not torch.equal(a.lin.weight, b.lin.weight) for a, b in pairs)
    assert not any(p.requires_grad for p in target.parameters())
    with torch.no_grad():
        online.norms[0].running_mean.fill_(7.0)
    before = target.convs[0].lin.weight.clone()
    ema_update(target, online, 0.75)
    torch.testing.assert_close(
        target.convs[0].lin.weight, 0.75 * before + 0.25 * online.convs[0].lin.weight
    )
    assert target.norms[0].running_mean.abs().max() == 0


def test_every_weight_of_a_target_is_drawn_anew():
    """Those of shortcuts included."""
    torch.manual_seed(0)
    online = ConvStack(5, [8, 4, 4], GCNConv, nn.PReLU, nn.BatchNorm1d, residual=True)
    matrices = {n: w for n, w in online.named_parameters() if w.ndim == 2}
    assert {name.split(".")[0] for name in matrices} == {"convs", "shortcuts"}
    target = dict(target_of(online).named_parameters())
    for name, weight in matrices.items():
        assert not torch.equal(target[name], weight), name


def test_supervised_training_sees_the_first_view_and_its_training_nodes(double_graph):
    torch.manual_seed(0)
    view1, view2 = two_views(double_graph)
    labels = torch.arange(double_graph.num_nodes) % 3
    nodes = torch.tensor([1, 5, 9, 20])
    objective = Supervised(stack(double_graph.num_features, GCNConv), labels, nodes, 3).double()
    plain = stack(double_graph.num_features, GCNConv)
    plain.load_state_dict(objective.encoder.state_dict())
    h = plain(view1.x, view1.edge_index)
    logits = objective.classifier(h, view1.edge_index)[nodes]
    expected = -logits.log_softmax(1)[torch.arange(4), labels[nodes]].mean()
    assert objective(view1, view2).loss.item() == pytest.approx(expected.item())


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_head_is_linear_norm_prelu_linear(batch_norm):
    torch.manual_seed(0)
    head = MLPHead(5, 3, hidden_channels=7, batch_norm=batch_norm).double()
    z = torch.randn(11, 5, dtype=torch.float64)
    first, last = head[0], head[-1]
    hidden = z @ first.weight.T + first.bias
    if batch_norm:
        hidden = (hidden - hidden.mean(0)) / (hidden.var(0, correction=0) + 1e-5).sqrt()
    hidden = torch.where(hidden > 0, hidden, 0.25 * hidden)
    torch.testing.assert_close(head(z), hidden @ last.weight.T + last.bias)


@pytest.mark.parametrize("conv", [GCNConv, SAGEConv])  # the fast path and the plain one
def test_weights_are_standardised_over_their_inputs_by_the_sample_variance(double_graph, conv):
    torch.manual_seed(0)
    stacked = ConvStack(
        double_graph.num_features, [8, 4], conv, nn.Identity, weight_standardization=True
    ).double()
    plain = ConvStack(double_graph.num_features, [8, 4], conv, nn.Identity).double()
    state = stacked.state_dict()
    for key, w in state.items():
        if key.startswith("convs.1") and w.ndim == 2:
            rows = [(r - r.mean()) / (((r - r.mean()) ** 2).sum() / 7 + 1e-5).sqrt() for r in w]
            state[key] = torch.stack(rows)
    plain.load_state_dict(state)
    view = double_graph.view()
    expected = plain(view.x, view.edge_index)
    torch.testing.assert_close(stacked(view.x, view.edge_index), expected)
    torch.testing.assert_close(stacked.encode_view(view), expected)


def test_attention_with_another_slope_has_its_gradient(double_graph):
    """The slope of LeakyReLU is the layer's own, forwards and backwards."""
    torch.manual_seed(0)
    ours = ConvStack(
        double_graph.num_features, [4], partial(GATConv, negative_slope=0.7), nn.Identity
    ).double()
    plain = ConvStack(
        double_graph.num_features, [4], partial(GATConv, negative_slope=0.7), nn.Identity
    ).double()
    plain.load_state_dict(ours.state_dict())
    view = two_views(double_graph)[0]
    a, b = ours.encode_view(view), plain(view.x, view.edge_index)
    torch.testing.assert_close(a, b)
    weighing = torch.linspace(-1, 2, a.numel(), dtype=torch.float64).view_as(a)
    for out in (a, b):
        (out * weighing).sum().backward()
    gradients = dict(plain.named_parameters())
    for key, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, gradients[key].grad)


# ---- regularizers as the loop uses them


def test_terms_of_a_sum_follow_their_own_schedules():
    weights = {"encoder": torch.eye(3) * 2}
    output = StepOutput(torch.zeros(()), ())
    still, rising = WERank(alpha=1.0), WERank(alpha=1.0, schedule="warmup")
    both = Sum({"still": still, "rising": rising})
    one = still(weights, output).total
    for step in (0, 3, 10):
        total = both.at(step, 10)(weights, output).total
        torch.testing.assert_close(total, one * (1 + step / 10))


def test_a_part_is_named_from_the_front():
    weights = {name: torch.eye(3) * 2 for name in ("encoder.0", "decoder.encoder.0", "encoder2.0")}
    penalty = WERank(alpha=1.0, layers="encoder")(weights, StepOutput(torch.zeros(()), ()))
    assert list(penalty.per_layer) == ["encoder.0"]


def test_a_decoupled_step_follows_the_schedule_of_alpha():
    start = torch.tensor([[2.0, 0.5], [0.0, 1.5]])
    moved = []
    for step in (0, 5, 10):
        weight = nn.Parameter(start.clone())
        werank = WERank(alpha=0.1, apply="decoupled", schedule="warmup").at(step, 10)
        werank.decoupled_step({"encoder": weight}, lr=0.1)
        moved.append((weight.detach() - start).norm().item())
    assert moved[0] == 0
    assert moved[1] == pytest.approx(moved[2] / 2, rel=1e-5)
    assert moved[2] > 0


def test_edges_of_a_graph_in_another_order_keep_their_weights():
    """A large graph is renumbered; what its edges weigh must go with them."""
    n = 4100
    g = torch.Generator().manual_seed(0)
    order = torch.randperm(n, generator=g)
    ring = torch.stack([order, order.roll(1)])
    weighted = Graph(
        torch.randn(n, 6, generator=g),
        torch.cat([ring, ring.flip(0)], 1),
        torch.rand(2 * n, generator=g) + 0.5,
    )
    torch.manual_seed(0)
    encoder = stack(6, GCNConv).float().eval()
    with torch.no_grad():
        found = encoder.encode_view(weighted.view())
        expected = encoder(weighted.x, weighted.edge_index, weighted.edge_weight)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
