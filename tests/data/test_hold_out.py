"""Held-out edges are gone from the graph, whole, and come back in no way."""

from itertools import combinations

import numpy as np
import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import LargestConnectedComponents, ToUndirected

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.data.content_hash import content_hash
from graphssl.data.hold_out import HoldOutEdges
from graphssl.data.node_dataset import node_dataset
from graphssl.data.node_pairs import pairs_without_edge, undirected_pairs
from graphssl.errors import ConfigError, DataError
from graphssl.pipeline.request import run_id


def sets(pairs) -> set[tuple[int, int]]:
    return {(min(p), max(p)) for p in torch.as_tensor(pairs).T.tolist() if p[0] != p[1]}


@pytest.fixture
def data(graph) -> Data:
    """Directed, with repeated edges, self-loops, weights and attributes of edges."""
    loops = torch.arange(5).repeat(2, 1)
    edges = torch.cat([graph.edge_index, graph.edge_index[:, :50].flip(0), loops], dim=1)
    count = edges.size(1)
    return Data(
        x=graph.x, y=torch.arange(60) % 3, edge_index=edges, edge_weight=torch.arange(count) / 7,
        edge_attr=torch.arange(2 * count).view(-1, 2),
    )  # fmt: skip


def test_edges_are_held_out_whole(data):
    before = sets(data.edge_index)
    found = HoldOutEdges(0.2, seed=3)(data.clone())
    held, kept = sets(found.held_out_edges), sets(found.edge_index)
    assert held | kept == before
    assert not held & kept
    assert len(held) == found.held_out_edges.size(1) == int(0.2 * len(before))
    position = (7 * found.edge_weight).round().long()  # of the edges that are kept
    assert torch.equal(data.edge_index[:, position], found.edge_index)
    assert torch.equal(data.edge_attr[position], found.edge_attr)
    assert (found.edge_index[0] == found.edge_index[1]).sum() == 5
    assert torch.equal(found.x, data.x)


def test_the_draw_has_a_stream_of_its_own(data):
    torch.manual_seed(0)
    one = HoldOutEdges(0.2)(data.clone()).held_out_edges
    torch.manual_seed(1)
    state = torch.get_rng_state()
    assert torch.equal(one, HoldOutEdges(0.2)(data.clone()).held_out_edges)
    assert torch.equal(torch.get_rng_state(), state)
    other = HoldOutEdges(0.2, seed=1)(data.clone()).held_out_edges
    assert len(sets(one) & sets(other)) < len(sets(one)) / 2


def test_pairs_follow_their_nodes_through_later_transforms(data):
    edges = data.edge_index.clamp_min(4)  # nodes 0 to 3 are isolated, all others are renumbered
    shifted = Data(**{**data.to_dict(), "edge_index": edges})
    held = HoldOutEdges(0.2)(shifted.clone()).held_out_edges
    dataset = node_dataset("mine", shifted, [HoldOutEdges(0.2), LargestConnectedComponents()])
    assert dataset.graph.num_nodes < 60
    was = torch.from_numpy(dataset.node_ids)
    assert sets(was[dataset.held_out_edges]) == {
        pair for pair in sets(held) if set(pair) <= set(was.tolist())
    }
    assert dataset.facts["held_out_edges"] == dataset.held_out_edges.size(1)
    assert "held_out_edges" not in dataset.facts["keys_not_used"]
    later = node_dataset("mine", shifted, [LargestConnectedComponents(), HoldOutEdges(0.2)])
    assert later.held_out_edges.max() < later.graph.num_nodes
    assert not sets(later.held_out_edges) & sets(later.graph.edge_index)


def test_both_directions_stay_away_when_the_other_is_added(data):
    dataset = node_dataset("mine", data, [HoldOutEdges(0.2), ToUndirected()])
    assert not sets(dataset.held_out_edges) & sets(dataset.graph.edge_index)


def test_an_edge_that_a_transform_puts_back_is_one_line(data):
    def back(graph):
        graph.edge_index = torch.cat([graph.edge_index, graph.held_out_edges[:, :2].flip(0)], 1)
        del graph.edge_weight, graph.edge_attr
        return graph

    with pytest.raises(DataError, match=r"^mine: .* a transform has put 2 held-out edges back$"):
        node_dataset("mine", data, [HoldOutEdges(0.2), back])


@pytest.mark.parametrize(
    ("share", "message"),
    [
        ("0.001", "0.001 of 78 edges is none: raise it"),
        ("1", "dataset.held_out_edges must be a finite number, at least 0 and below 1, got 1"),
        ("-0.1", "at least 0 and below 1, got -0.1"),
        ("null", "at least 0 and below 1, got None"),
        ("some", "at least 0 and below 1, got 'some'"),
    ],
)
def test_a_share_out_of_range_is_one_line(share, message):
    with pytest.raises((ConfigError, DataError)) as error:
        build.dataset(compose(["dataset=karate", f"dataset.held_out_edges={share}"])[0])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


class Bare:
    def __init__(self, name):
        self.name = name

    def load(self, data_dir, mirror=None):
        raise AssertionError


def test_a_loader_without_transforms_is_one_line():
    config, *_ = compose(["dataset=karate", "dataset.held_out_edges=0.2"])
    config.dataset = {"_target_": f"{__name__}.Bare", "name": "bare", "held_out_edges": 0.2}
    with pytest.raises(ConfigError, match=r"Bare does not take transforms; add an argument"):
        build.dataset(config)


def test_the_option_is_the_first_transform_and_part_of_id_and_content():
    def of(*options):
        config, *_ = compose(["dataset=karate", *options])
        dataset = build.dataset(config)
        return dataset, run_id(config, dataset), content_hash(dataset)

    plain, plain_id, plain_hash = of()
    zero, zero_id, zero_hash = of("dataset.held_out_edges=0.0")
    held, held_id, held_hash = of("dataset.held_out_edges=0.2")
    other, other_id, other_hash = of("dataset.held_out_edges=0.2", "dataset.transform_seed=1")
    assert (plain_id, plain_hash) == (zero_id, zero_hash)
    assert len({plain_id, held_id, other_id}) == len({plain_hash, held_hash, other_hash}) == 3
    assert plain.held_out_edges is zero.held_out_edges is None
    assert "held_out_edges" not in plain.facts
    assert held.held_out_edges.size(1) == 15  # of 78
    assert sets(held.held_out_edges) != sets(other.held_out_edges)
    swapped = HoldOutEdges(0.2)(Data(x=plain.graph.x, edge_index=plain.graph.edge_index))
    assert torch.equal(swapped.held_out_edges, held.held_out_edges)


def test_no_transform_sees_the_edges_that_are_held_out():
    degrees = "{_target_: torch_geometric.transforms.OneHotDegree, max_degree: 40, cat: false}"
    chosen = ["dataset=karate", "dataset.held_out_edges=0.3", f"dataset.transforms=[{degrees}]"]
    graph = build.dataset(compose(chosen)[0]).graph
    assert graph.x.argmax(dim=1).tolist() == graph.edge_index[0].bincount(minlength=34).tolist()


def test_a_hash_tells_which_edges_were_held_out(data):
    from dataclasses import replace

    dataset = node_dataset("mine", data, [HoldOutEdges(0.2)])
    fewer = replace(dataset, held_out_edges=dataset.held_out_edges[:, 1:])
    assert (
        content_hash(dataset)
        != content_hash(fewer)
        != content_hash(replace(dataset, held_out_edges=None))
    )


# ---- pairs without an edge


def test_all_free_pairs_are_found_each_once(graph):
    taken = undirected_pairs(graph.edge_index).numpy()
    every = set(combinations(range(60), 2))
    free = every - sets(taken)
    drawn = pairs_without_edge(taken, 60, len(free), seed=0)
    assert (drawn[0] < drawn[1]).all()
    assert drawn.shape[1] == len(free)
    assert sets(drawn) == free
    with pytest.raises(DataError, match=f"^{len(free) + 1} pairs .* have {len(free)}$"):
        pairs_without_edge(taken, 60, len(free) + 1, seed=0)


def test_free_pairs_are_drawn_uniformly():
    taken = np.array([[0, 1, 0], [1, 2, 4]])
    free = sorted(set(combinations(range(5), 2)) - sets(taken))
    counts = dict.fromkeys(free, 0)
    for seed in range(2000):
        for pair in pairs_without_edge(taken, 5, 2, seed).T.tolist():
            counts[tuple(pair)] += 1
    expected = 2000 * 2 / len(free)
    assert max(abs(count - expected) for count in counts.values()) < 5 * np.sqrt(expected)


def test_pairs_of_a_large_graph_are_exact():
    n = 3_000_000
    taken = np.array([[n - 2, 0], [n - 1, n - 1]])
    drawn = pairs_without_edge(taken, n, 1000, seed=1)
    assert (drawn[0] < drawn[1]).all()
    assert (drawn[0] >= 0).all()
    assert (drawn[1] < n).all()
    ends = pairs_without_edge(np.zeros((2, 0), dtype=np.int64), 3, 3, seed=0)
    assert sets(ends) == {(0, 1), (0, 2), (1, 2)}
