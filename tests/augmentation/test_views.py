"""Views that change or add something, each against its formula and with every encoder."""

import numpy as np
import pytest
import torch
from augmentation_graphs import generator, graphs, random_graph, seeds, within_binomial_bounds
from hypothesis import given
from scipy.linalg import expm
from torch_geometric.data import Data
from torch_geometric.transforms import GDC
from torch_geometric.transforms import HalfHop as PyGHalfHop
from torch_geometric.utils import k_hop_subgraph

from graphssl.augmentation import (
    AddEdges,
    AddNoise,
    DropEdges,
    DropNodes,
    HalfHop,
    HeatDiffusion,
    KHopSubgraph,
    MaskEntries,
    MaskFeatures,
    PPRDiffusion,
    RandomWalkSubgraph,
    ShuffleFeatures,
    TwoViews,
    diffusion,
)
from graphssl.augmentation.half_hop import half_hop
from graphssl.augmentation.shuffle_features import exchange
from graphssl.augmentation.subgraphs import visited, within_hops
from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.folder import config_dir
from graphssl.encoders.encoding import encode, encode_pair
from graphssl.errors import ConfigError
from graphssl.graph import Graph, GraphView
from graphssl.seeding import global_stream

OPTIONS = sorted(path.stem for path in (config_dir() / "augmentation").glob("*.yaml"))
RANDOM = {
    "noise": AddNoise,
    "shuffle": ShuffleFeatures,
    "entries": MaskEntries,
    "added": AddEdges,
    "added, both ways": lambda p: AddEdges(p, undirected=True),
    "walk": RandomWalkSubgraph,
    "hops": KHopSubgraph,
    "half_hop": HalfHop,
}
FIXED = {"ppr": PPRDiffusion(top_k=3), "heat": HeatDiffusion(top_k=3)}
every = pytest.mark.parametrize("make", RANDOM.values(), ids=RANDOM)


def tensors(view):
    return [view.x, view.edge_index, *([] if view.edge_weight is None else [view.edge_weight])]


def same(a, b):
    return all(map(torch.equal, tensors(a), tensors(b)))


def symmetric(graph):
    """The same graph with every edge in both directions, once, without self-loops."""
    both = torch.cat([graph.edge_index, graph.edge_index.flip(0)], 1).unique(dim=1)
    return Graph(graph.x, both[:, both[0] != both[1]])


@every
@given(graph=graphs, seed=seeds)
def test_a_generator_in_the_same_state_gives_the_same_view(make, graph, seed):
    one, other = (make(0.4)(graph.view(), generator(seed)) for _ in range(2))
    assert same(one, other)
    assert one.x[: graph.num_nodes].shape == graph.x.shape
    assert one.edge_index.numel() == 0 or one.edge_index.max() < one.num_nodes


@every
def test_two_draws_differ_and_no_global_stream_moves(make):
    view, g = random_graph(0, 50, 60, 30).view(), generator()
    state = torch.get_rng_state()
    assert not same(make(0.9)(view, g), make(0.9)(view, g))
    assert torch.equal(torch.get_rng_state(), state)


@every
def test_strength_0_draws_nothing(make):
    view, g = random_graph(0, 5, 9, 3).view(), generator()
    state = g.get_state()
    assert make(0.0)(view, g) is view
    assert torch.equal(g.get_state(), state)


@every
@pytest.mark.parametrize("p", [-0.1, float("nan"), "half", None])
def test_what_is_no_strength_is_refused_by_name(make, p):
    with pytest.raises(ConfigError, match=rf"\w+\.(p|scale) must .* got {p!r}$"):
        make(p)


@every
def test_a_graph_without_edges_goes_through(make):
    view = make(0.4)(random_graph(0, 4, 0, 3).view(), generator())
    assert view.x.isfinite().all()


@pytest.mark.parametrize("augment", FIXED.values(), ids=FIXED)
def test_a_diffusion_draws_nothing_and_is_computed_once_per_graph(augment, monkeypatch):
    graph, g = random_graph(0, 20, 60, 3), generator()
    state = g.get_state()
    first = augment(graph.view(), g)
    assert torch.equal(g.get_state(), state)
    monkeypatch.setattr(diffusion, "diffused", None)
    assert same(type(augment)(top_k=3)(graph.view(), g), first)


def test_noise_has_the_spread_it_says_and_spares_what_is_hidden_or_constant():
    graph = Graph(
        torch.randn(400, 6, generator=generator(1)) * torch.arange(6),
        random_graph(0, 400, 10, 1).edge_index,
    )
    shown = torch.arange(6) != 3
    view = AddNoise(0.5)(graph.view().keep_features(shown), generator())
    noise = view.x - graph.x * shown
    ratio = noise.std(0) / graph.x.std(0)
    torch.testing.assert_close(ratio[[1, 2, 4, 5]], torch.full((4,), 0.5), rtol=0.12, atol=0)
    assert not noise[:, [0, 3]].any()
    draw = torch.randn(400, 6, generator=generator()).numpy()
    expected = draw * 0.5 * graph.x.numpy().std(0) * shown.numpy()
    np.testing.assert_allclose(noise.numpy(), expected, atol=1e-5)


def test_shuffling_permutes_the_chosen_rows_among_themselves():
    graph = Graph(torch.arange(300.0)[:, None], torch.zeros(2, 0, dtype=torch.int64))
    moved = ShuffleFeatures(0.3)(graph.view(), generator()).x[:, 0].long()
    uniforms, order = torch.rand((2, 300), generator=generator()).numpy()
    chosen = np.flatnonzero(uniforms < 0.3)
    expected = np.arange(300)
    expected[chosen] = sorted(chosen, key=lambda i: order[i])
    np.testing.assert_array_equal(moved.numpy(), expected)
    assert exchange(torch.zeros(4).bool(), torch.rand(4)).tolist() == [0, 1, 2, 3]


def test_entries_are_hidden_independently():
    graph = Graph(torch.ones(60, 50), torch.zeros(2, 0, dtype=torch.int64))
    hidden = ~MaskEntries(0.3)(graph.view(), generator()).feature_mask
    assert within_binomial_bounds(int(hidden.sum()), 3000, 0.3)
    assert hidden.float().mean(0).std() < 0.12
    before = graph.view().keep_features(torch.arange(50) > 24)
    assert not MaskEntries(0.3)(before, generator()).x[:, :25].any()


@pytest.mark.parametrize("undirected", [False, True])
def test_added_edges_are_new_pairs_of_different_nodes(undirected):
    graph = random_graph(0, 12, 100, 3)
    view = AddEdges(0.3, undirected)(graph.view(), generator())
    assert torch.equal(view.edge_index[:, :100], graph.edge_index)
    added = view.edge_index[:, 100:]
    assert added.size(1) == 30
    assert (added[0] != added[1]).all()
    assert added.min() >= 0
    assert added.max() == 11
    if undirected:
        assert torch.equal(added[:, :15], added[:, 15:].flip(0))
    weighted = Graph(graph.x, graph.edge_index, torch.arange(100.0))
    weight = AddEdges(0.3, undirected)(weighted.view(), generator()).edge_weight
    assert torch.equal(weight[:100], weighted.edge_weight)
    assert set(weight[100:].tolist()) <= set(range(100))


def test_every_pair_of_nodes_can_be_added():
    graph = random_graph(0, 3, 900, 1)
    added = AddEdges(0.9)(graph.view(), generator()).edge_index[:, 900:]
    pairs = {tuple(pair) for pair in added.T.tolist()}
    assert pairs == {(a, b) for a in range(3) for b in range(3) if a != b}


@given(graph=graphs, seed=seeds)
def test_k_hops_are_pygs(graph, seed):
    roots = torch.rand(graph.num_nodes, generator=generator(seed)) < 0.3
    found = within_hops(graph.edge_index, roots, 2)
    nodes, *_ = k_hop_subgraph(
        roots.nonzero().flatten(), 2, graph.edge_index, num_nodes=graph.num_nodes
    )
    assert sorted(found.nonzero().flatten().tolist()) == sorted(nodes.tolist())


@given(graph=graphs, seed=seeds)
def test_walks_are_those_of_a_loop(graph, seed):
    g = generator(seed)
    roots = torch.rand(graph.num_nodes, generator=g) < 0.4
    steps = torch.rand((3, graph.num_nodes), generator=g)
    expected = set(roots.nonzero().flatten().tolist())
    out = {n: [t for s, t in graph.edge_index.T.tolist() if s == n] for n in range(graph.num_nodes)}
    for root in list(expected):
        at = root
        for step in steps[:, root].tolist():
            at = out[at][int(step * len(out[at]))] if out[at] else at
            expected.add(at)
    # The walk of a node is driven by the number at its root.
    assert set(visited(graph, roots, steps).nonzero().flatten().tolist()) == expected


@pytest.mark.parametrize("make", [KHopSubgraph, RandomWalkSubgraph])
def test_a_subgraph_keeps_the_edges_inside_and_every_row(make):
    graph = random_graph(0, 60, 90, 4)
    view = make(0.9)(graph.view(), generator())
    roots = torch.rand(60, generator=generator()) >= 0.9
    assert torch.equal(view.x, graph.x)
    assert 0 < view.edge_index.size(1) < 90
    if make is KHopSubgraph:
        inside = within_hops(graph.edge_index, roots, 2)
    else:
        g = generator()
        torch.rand(60, generator=g)
        inside = visited(graph, roots, torch.rand((10, 60), generator=g))
    kept = inside[graph.edge_index].all(0)
    assert torch.equal(view.edge_mask, kept)


@given(graph=graphs, seed=seeds)
def test_half_hop_is_pygs(graph, seed):
    torch.manual_seed(seed % 2**31)
    theirs = PyGHalfHop(alpha=0.3, p=0.6)(Data(x=graph.x, edge_index=graph.edge_index))
    torch.manual_seed(seed % 2**31)
    ours = half_hop(graph.view(), 0.3, torch.rand(graph.num_nodes) < 0.6)
    torch.testing.assert_close(ours.x, theirs.x)
    assert sorted(ours.edge_index.T.tolist()) == sorted(theirs.edge_index.T.tolist())


def dense_kernel(graph, name):
    """Row i: the weights into node i."""
    adjacency = np.eye(graph.num_nodes)
    weight = np.ones(graph.num_edges) if graph.edge_weight is None else graph.edge_weight.numpy()
    np.add.at(adjacency, tuple(graph.edge_index.numpy()[::-1]), weight)
    scale = adjacency.sum(1) ** -0.5
    t = scale[:, None] * adjacency * scale
    n = np.eye(graph.num_nodes)
    return 0.2 * np.linalg.inv(n - 0.8 * t) if name == "ppr" else expm(-5.0 * (n - t))


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("columns", [7, 1024])
def test_a_kernel_is_its_formula_and_sparse(name, columns, monkeypatch):
    monkeypatch.setattr(diffusion, "COLUMNS", columns)
    base = symmetric(random_graph(3, 20, 30, 4))
    pairs = base.edge_index.sort(0).values
    graph = Graph(base.x.double(), base.edge_index, 1.0 + (pairs[0] * 20 + pairs[1]).double() / 400)
    augment = {"ppr": PPRDiffusion, "heat": HeatDiffusion}[name](top_k=4)
    view = augment(graph.view(), generator())
    kernel = dense_kernel(graph, name)
    found = np.zeros((20, 20))
    found[tuple(view.edge_index.numpy()[::-1])] = view.edge_weight.numpy()
    for i in range(20):
        largest = np.sort(kernel[i])[::-1][:4]
        row = np.sort(found[i])[::-1][:4]
        np.testing.assert_allclose(row, largest / largest.sum(), atol=1e-6)
        chosen = np.flatnonzero(found[i])
        np.testing.assert_allclose(found[i, chosen] * largest.sum(), kernel[i, chosen], atol=1e-6)
        assert len(chosen) <= 4


@pytest.mark.parametrize("name", FIXED)
def test_a_kernel_is_that_of_pygs_gdc(name):
    graph = symmetric(random_graph(3, 20, 30, 4))
    kwargs = {"method": "ppr", "alpha": 0.2} if name == "ppr" else {"method": "heat", "t": 5.0}
    theirs = GDC(1, "sym", "col", kwargs, {"method": "topk", "k": 20, "dim": 0}, exact=True)(
        Data(x=graph.x, edge_index=graph.edge_index, num_nodes=20)
    )
    view = {"ppr": PPRDiffusion, "heat": HeatDiffusion}[name](top_k=20)(graph.view(), generator())
    dense = []
    for edge_index, weight in (
        (view.edge_index, view.edge_weight),
        (theirs.edge_index, theirs.edge_attr),
    ):
        full = torch.zeros(20, 20)
        full[edge_index[0], edge_index[1]] = weight.float()
        dense.append(full)
    torch.testing.assert_close(*dense, rtol=1e-4, atol=1e-5)


def views_of(option, graph):
    config, *_ = compose([f"augmentation={option}", "recipe.dense_features=true"])
    with global_stream(0, "init"):
        return build.augmentation(config)(graph.view(), generator())


@pytest.mark.parametrize("encoder", ["gcn", "gat", "sage", "gin"])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_encoder_sees_every_view_as_plain_tensors(option, encoder, graph):
    """The rows of the graph's nodes of a plain forward pass, one by one and in pairs."""
    graph = graph.to("cpu", torch.float64)
    config, *_ = compose([f"encoder={encoder}", "recipe.channels=[16,8]"])
    with global_stream(0, "init"):
        network = build.encoder(config, graph.num_features).double()
    pair = views_of(option, graph)
    network.train()
    found = encode_pair(network, *pair)
    for view, seen in zip(pair, found, strict=True):
        plain = network(view.x, view.edge_index, view.edge_weight)[: graph.num_nodes]
        torch.testing.assert_close(seen, plain, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(encode(network, view), plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("option", OPTIONS)
def test_a_step_is_taken_with_every_view(option, graph):
    config, *_ = compose(
        [f"augmentation={option}", "recipe.dense_features=true", "recipe.channels=[8]"]
    )
    objective = build.objective(config, graph.num_features)
    output = objective(*views_of(option, graph))
    output.loss.backward()
    assert output.loss.isfinite()
    assert {h.shape for h in output.representations} == {(graph.num_nodes, 8)}


def test_masks_alone_take_the_fast_path(graph, monkeypatch):
    from graphssl.encoders.conv_stack import ConvStack

    config, *_ = compose(["recipe.channels=[8]"])
    network = build.encoder(config, graph.num_features)
    monkeypatch.setattr(ConvStack, "forward", None)
    for option in ("mask_entries", "random_walk", "k_hop", "drop_nodes", "[mask_entries,k_hop]"):
        encode_pair(network, *views_of(option, graph))


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("[bgrl,noise]", ["features", "edges", "noise"]),
        ("[noise,bgrl]", ["noise", "features", "edges"]),
        ("[none,k_hop,mask_entries]", ["hops", "entries"]),
        ("[ppr,bgrl]", ["diffusion", "features", "edges"]),
    ],
)
def test_options_compose_by_name_in_the_order_given(options, parts):
    config, choices, _ = compose([f"augmentation={options}"])
    assert choices["augmentation"] == options
    assert list(build.augmentation(config).view2) == parts


def test_a_list_of_one_is_a_choice_and_an_unknown_option_is_one_line():
    from graphssl.config.messages import describe

    config, choices, _ = compose(["augmentation=[ bgrl ]"])
    assert choices["augmentation"] == "[bgrl]"
    assert config.augmentation == compose([])[0].augmentation
    with pytest.raises(Exception, match="nose") as error:
        compose(["augmentation=[bgrl,nose]"])
    said = describe(error.value, ["augmentation=[bgrl,nose]"])
    assert said.startswith("augmentation=nose: no such option; did you mean noise")


def test_the_order_of_a_list_is_part_of_the_id_and_a_list_of_one_is_not():
    from graphssl.config.compose import resolved
    from graphssl.results.identity import identity

    def id_of(option):
        return identity(resolved(compose([f"augmentation={option}"])[0]))

    assert id_of("[bgrl]") == id_of("bgrl")
    assert len({id_of(o) for o in ("bgrl", "[bgrl,noise]", "[noise,bgrl]")}) == 3


def test_strength_can_differ_between_views():
    config, *_ = compose(["augmentation=[bgrl,noise]", "augmentation.strength=[0.5,2]"])
    views = build.augmentation(config)
    assert views.view1["edges"].p == pytest.approx(0.2)
    assert views.view2["edges"].p == pytest.approx(0.2)
    assert views.view1["noise"].scale == pytest.approx(0.05)
    assert views.view2["noise"].scale == pytest.approx(0.2)


@pytest.mark.parametrize("strength", ["12", [], [1.0], [1.0, 1.0, 1.0], [1.0, "much"], [0.5, -1.0]])
def test_strengths_that_are_no_pair_are_one_line(strength):
    with pytest.raises(ConfigError, match=r"^augmentation\.strength must be"):
        TwoViews({}, {}, strength)


def test_what_needs_the_graphs_own_edges_must_come_first(graph):
    turned = graph.view().with_edges(graph.edge_index.flip(0))
    hidden = graph.view().keep_edges(torch.arange(graph.num_edges) > 3)
    for augment in (KHopSubgraph(0.5), RandomWalkSubgraph(0.5), *FIXED.values()):
        with pytest.raises(ConfigError, match="before it replaced: put it first"):
            augment(turned, generator())
    for augment in FIXED.values():
        with pytest.raises(ConfigError, match="before it hid: put it first"):
            augment(hidden, generator())


def test_masks_after_appended_nodes_and_edges_apply_to_all(graph):
    view = HalfHop(0.5)(graph.view(), generator())
    assert view.num_nodes > graph.num_nodes
    for augment in (
        DropNodes(0.3),
        DropEdges(0.3),
        MaskFeatures(0.3),
        MaskEntries(0.3),
        AddNoise(0.1),
        ShuffleFeatures(0.3),
        AddEdges(0.1),
        HalfHop(0.3),
    ):
        after = augment(view, generator())
        assert isinstance(after, GraphView)
        assert after.edge_index.max() < after.num_nodes
        assert after.x.size(0) == after.num_nodes


def test_half_hop_is_refused_where_nodes_or_weights_forbid_it(graph):
    weighted = Graph(graph.x, graph.edge_index, torch.ones(graph.num_edges))
    with pytest.raises(ConfigError, match="graphs without edge weights"):
        HalfHop(0.5)(weighted.view(), generator())
    for objective in ("graphmae", "afgrl"):
        config, *_ = compose([f"objective={objective}", "recipe.channels=[8]", "encoder=gcn"])
        view = HalfHop(0.5)(graph.view(), generator())
        with pytest.raises(ConfigError, match="works on the graph's own nodes"):
            build.objective(config, graph.num_features)(view, view)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KHopSubgraph(0.1, hops=0), "KHopSubgraph.hops must be .* got 0"),
        (lambda: RandomWalkSubgraph(0.1, length=0), "RandomWalkSubgraph.length must be .* got 0"),
        (lambda: HalfHop(0.1, alpha=1.5), r"HalfHop.alpha must be .* got 1\.5"),
        (lambda: PPRDiffusion(alpha=0.0), r"PPRDiffusion.alpha must be .* got 0\.0"),
        (lambda: PPRDiffusion(alpha=1.0), r"PPRDiffusion.alpha must be .* got 1\.0"),
        (lambda: PPRDiffusion(top_k=0), "PPRDiffusion.top_k must be .* got 0"),
        (lambda: HeatDiffusion(t=0), "HeatDiffusion.t must be .* got 0"),
    ],
)
def test_arguments_out_of_range_are_one_line(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


@pytest.mark.parametrize(
    ("x", "edges", "message"),
    [
        (torch.ones(2, 3), torch.zeros(2, 1).long(), "with_nodes: x is torch.float32 of shape"),
        (torch.ones(2, 20).double(), torch.zeros(2, 1).long(), "with_nodes: x is torch.float64"),
        (torch.ones(2, 20), torch.zeros(3, 1).long(), "with_edges: edge_index"),
    ],
)
def test_nodes_of_another_kind_cannot_be_appended(graph, x, edges, message):
    with pytest.raises(ConfigError, match=message):
        graph.view().with_nodes(x, edges)
